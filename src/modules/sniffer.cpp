#include "sniffer.hpp"

#include "mxcd/base/errors.hpp"

#include <stdexcept>
#include <utility>

namespace mxcd::modules {

Sniffer::Sniffer() { give_back(open()); }

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
