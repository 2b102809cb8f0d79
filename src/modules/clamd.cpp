#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/base/text.hpp"
#include "mxcd/modules/builtin.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace mxcd::modules {

namespace {

using Protocol = async::asio::generic::stream_protocol;
using Socket = async::asio::basic_stream_socket<Protocol, async::Executor>;

constexpr std::size_t piece_size = std::size_t{256} * 1024;
constexpr std::size_t longest_reply = 4096;

std::optional<Protocol::endpoint> endpoint_of(const std::string& address) {
    if (address.starts_with('/')) {
        if (address.size() >= sizeof(sockaddr_un::sun_path)) return std::nullopt;
        return Protocol::endpoint(async::asio::local::stream_protocol::endpoint(address));
    }
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code bad;
    const auto ip = async::asio::ip::make_address(host, bad);
    const std::optional<std::int64_t> port = base::parse_decimal(address.substr(colon + 1));
    if (bad || !port || *port < 1 || *port > 65535) return std::nullopt;
    return Protocol::endpoint(async::asio::ip::tcp::endpoint(ip, static_cast<std::uint16_t>(*port)));
}

/// Bytes of the file from `offset` on; fewer than asked for at its end.
std::string read_piece(const base::UniqueFd& file, std::int64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    ssize_t count = -1;
    do {
        count = pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    } while (count < 0 && errno == EINTR);
    if (count <= 0) throw base::StorageError("cannot read a file that is being checked");
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
}

/// clamd's length prefix: four bytes, the highest first. A piece of length zero is the end.
std::string length_prefix(std::size_t length) {
    const std::uint32_t network_order = htonl(static_cast<std::uint32_t>(length));
    std::string prefix(sizeof network_order, '\0');
    std::memcpy(prefix.data(), &network_order, sizeof network_order);
    return prefix;
}

/// One connection, closed when the time is up.
class Conversation {
  public:
    Conversation(async::Executor home, std::chrono::milliseconds limit)
        : line_(std::make_shared<Line>(home)), alarm_(home, limit) {
        alarm_.async_wait([line = line_](boost::system::error_code cancelled) {
            if (cancelled) return;
            line->is_late = true;
            boost::system::error_code ignored;
            line->socket.close(ignored);
        });
    }

    async::Task<> connect(Protocol::endpoint endpoint) {
        try {
            co_await line_->socket.async_connect(endpoint, async::use_task);
        } catch (const boost::system::system_error& error) {
            fail("cannot reach clamd", error);
        }
    }

    async::Task<> send(std::string bytes) {
        try {
            co_await async::asio::async_write(line_->socket, async::asio::buffer(bytes), async::use_task);
        } catch (const boost::system::system_error& error) {
            fail("clamd takes no more", error);
        }
    }

    /// clamd's answer, without the zero byte at its end.
    async::Task<std::string> reply() {
        std::string text;
        try {
            auto buffer = async::asio::dynamic_buffer(text, longest_reply);
            const std::size_t length =
                co_await async::asio::async_read_until(line_->socket, buffer, '\0', async::use_task);
            text.resize(length - 1);
        } catch (const boost::system::system_error& error) {
            fail("clamd does not answer", error);
        }
        co_return text;
    }

  private:
    struct Line {
        explicit Line(async::Executor home) : socket(home) {}
        Socket socket;
        bool is_late = false;
    };

    [[noreturn]] void fail(const std::string& what, const boost::system::system_error& error) const {
        if (line_->is_late) throw base::UpstreamError(what + " in time");
        // Somebody stops us, which is no failure of clamd's.
        if (error.code() == async::asio::error::operation_aborted) throw error;
        throw base::UpstreamError(what + ": " + error.code().message());
    }

    const std::shared_ptr<Line> line_;  // shared with the alarm's handler
    async::Timer alarm_;
};

class Clamd final : public media::MediaModule {
  public:
    Clamd(ClamdConfig config, async::WorkerPool& workers)
        : config_(std::move(config)), endpoint_(endpoint_of(config_.socket).value()), workers_(workers) {}

    /// Of what it is asked without a file it has no opinion.
    [[nodiscard]] bool answers_at_once() const override { return true; }
    [[nodiscard]] bool tells_config(const matrix::UserId&) const override { return false; }
    [[nodiscard]] bool checks_files() const override { return true; }

    async::Task<media::FileVerdict> check_file(media::FileFacts facts) override {
        if (facts.file.size > config_.max_size)
            throw base::UpstreamError("the file is larger than clamd's max_size");
        const async::Executor home = co_await async::asio::this_coro::executor;
        Conversation clamd(home, config_.timeout);
        co_await clamd.connect(endpoint_);
        co_await stream(clamd, facts.file);
        const std::string reply = co_await clamd.reply();
        co_return verdict_of(reply);
    }

  private:
    /// https://linux.die.net/man/8/clamd, INSTREAM; the z makes its answer end with a zero byte.
    async::Task<> stream(Conversation& clamd, const media::OpenBlob& file) {
        std::string command("zINSTREAM\0", 10);
        co_await clamd.send(std::move(command));
        std::int64_t sent = 0;
        while (sent < file.size.value()) {
            const auto size =
                static_cast<std::size_t>(std::min<std::int64_t>(piece_size, file.size.value() - sent));
            auto read = [handle = file.file, sent, size] { return read_piece(*handle, sent, size); };
            const std::string piece = co_await workers_.run(std::move(read));
            sent += std::ssize(piece);
            co_await clamd.send(length_prefix(piece.size()) + piece);
        }
        co_await clamd.send(length_prefix(0));
    }

    [[nodiscard]] media::FileVerdict verdict_of(const std::string& reply) const {
        if (reply == "stream: OK") return media::FileAllowed{};
        if (!reply.ends_with(" FOUND")) throw base::UpstreamError("clamd could not check a file");
        if (config_.infected == ClamdConfig::Infected::quarantine) return media::FileQuarantined{};
        return media::FileRejected{
            matrix::Error(matrix::ErrorCode::forbidden, "The file was recognized as harmful")};
    }

    const ClamdConfig config_;
    const Protocol::endpoint endpoint_;
    async::WorkerPool& workers_;
};

}  // namespace

bool is_clamd_address(const std::string& text) { return endpoint_of(text).has_value(); }

std::shared_ptr<media::MediaModule> make_clamd(const ClamdConfig& config, async::WorkerPool& workers) {
    return std::make_shared<Clamd>(config, workers);
}

}  // namespace mxcd::modules
