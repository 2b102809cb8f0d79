#include "sniffer.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/modules/type_sniffer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace mxcd::modules {

namespace {

constexpr base::ByteCount head_limit{64LL * 1024};

std::string read_head(const media::OpenBlob& file) {
    std::string head(static_cast<std::size_t>(std::min(file.size, head_limit).value()), '\0');
    std::size_t filled = 0;
    while (filled < head.size()) {
        const ssize_t count =
            pread(file.file->get(), head.data() + filled, head.size() - filled, static_cast<off_t>(filled));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw base::StorageError("cannot read the first bytes of a file");
        filled += static_cast<std::size_t>(count);
    }
    return head;
}

std::string sniff(Sniffer& sniffer, const media::OpenBlob& file) {
    try {
        return sniffer.type_of(read_head(file));
    } catch (const base::StorageError&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw base::StorageError(error.what());
    }
}

class LibmagicSniffer final : public media::TypeSniffer {
  public:
    explicit LibmagicSniffer(async::WorkerPool& workers) : workers_(workers) {}

    async::Task<std::string> type_of(media::OpenBlob file) override {
        auto work = [sniffer = sniffer_, file = std::move(file)] { return sniff(*sniffer, file); };
        std::string type = co_await workers_.run(std::move(work));
        co_return type;
    }

  private:
    async::WorkerPool& workers_;
    // Shared with jobs, which run to their end whatever happens to the call.
    const std::shared_ptr<Sniffer> sniffer_ = std::make_shared<Sniffer>();
};

}  // namespace

std::unique_ptr<media::TypeSniffer> make_type_sniffer(async::WorkerPool& workers) {
    return std::make_unique<LibmagicSniffer>(workers);
}

std::string Sniffer::type_of(const std::string& head) {
    Cookie cookie = take();
    const char* const type = magic_buffer(cookie.get(), head.data(), head.size());
    if (type == nullptr) throw base::StorageError("libmagic cannot tell the type of a file");
    std::string result(type);
    give_back(std::move(cookie));
    return result;
}

Sniffer::Cookie Sniffer::open() {
    // No decompressing, and no walk through ELF notes: both follow offsets that the file's sender chose.
    Cookie cookie(magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF));
    if (!cookie) throw std::runtime_error("libmagic cannot be set up");
    if (magic_load(cookie.get(), nullptr) != 0) {
        const char* const reason = magic_error(cookie.get());
        throw std::runtime_error("libmagic cannot load its database: " +
                                 std::string(reason == nullptr ? "unknown reason" : reason));
    }
    return cookie;
}

Sniffer::Cookie Sniffer::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            Cookie cookie = std::move(idle_.back());
            idle_.pop_back();
            return cookie;
        }
    }
    return open();
}

void Sniffer::give_back(Cookie cookie) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(cookie));
}

}  // namespace mxcd::modules
