#pragma once

#include "mxcd/async/io_threads.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/base/unique_fd.hpp"
#include "mxcd/http/server.hpp"

#include "support/eventually.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace mxcd::test {

/// A request as the fake handler saw it.
struct Seen {
    std::string method;
    std::string path;
    std::string query;
    std::string client;
    std::string request_id;
    std::string body;
};

/// A desk for tests: remembers what it saw. Paths decide what it does; see door.cpp.
class FakeDesk final : public http::Handler {
  public:
    async::Task<http::Response> answer(http::Request& request) override;
    http::Response refuse(http::Refusal reason, std::string_view request_id) override;

    [[nodiscard]] std::vector<Seen> seen() const;
    void forget();

    /// What `/file` sends.
    http::FileSlice file;
    /// What `/memory` sends.
    std::shared_ptr<const std::string> memory;
    /// What `/call` does before it answers, and `/wait` when its client has hung up, on the io thread.
    std::function<void()> call;

  private:
    mutable std::mutex mutex_;
    std::vector<Seen> seen_;
};

/// A server on 127.0.0.1, any free port.
class Door {
  public:
    explicit Door(http::ServerConfig config = {}, std::size_t threads = 1);
    ~Door();
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    [[nodiscard]] std::uint16_t port() const { return bound_.front().port; }
    [[nodiscard]] const std::vector<http::BoundListener>& bound() const { return bound_; }
    [[nodiscard]] FakeDesk& desk() { return desk_; }
    [[nodiscard]] http::Server& server() { return *server_; }

  private:
    std::unique_ptr<base::RandomSource> random_ = base::make_system_random();
    std::unique_ptr<base::Metrics> metrics_ = base::make_no_metrics();
    FakeDesk desk_;
    async::IoThreads threads_;
    std::unique_ptr<http::Server> server_;
    std::vector<http::BoundListener> bound_;
};

/// An answer as a client reads it.
struct Answer {
    int status = 0;
    std::string head;
    std::string body;
};

/// A plain blocking client. Every wait ends after 10 s with an exception.
class Client {
  public:
    explicit Client(std::uint16_t port);
    explicit Client(const std::string& unix_path);
    /// To ::1.
    [[nodiscard]] static Client over_ipv6(std::uint16_t port);

    /// Goes on after the server closed; false then.
    bool send(std::string_view bytes);
    void finish_sending() { shutdown(socket_.get(), SHUT_WR); }
    void set_receive_buffer(int bytes) {
        setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
    /// The next answer of a pipeline; nothing when the connection ends before it. HEAD answers have no body.
    std::optional<Answer> read_answer(bool is_head = false);
    /// Everything until the server closes.
    std::string read_to_end();
    /// True when the server closes within the limit, whatever it sends before.
    bool is_closed_within(std::chrono::milliseconds limit);
    /// True when nothing arrives for that long.
    bool is_silent_for(std::chrono::milliseconds time);
    [[nodiscard]] int fd() const { return socket_.get(); }

  private:
    explicit Client(base::UniqueFd socket) : socket_(std::move(socket)) {}
    bool fill();

    base::UniqueFd socket_;
    std::string buffer_;
};

[[nodiscard]] std::string header_value(const Answer& answer, std::string_view name);

inline constexpr std::string_view plain_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// Whether plain_get is answered 200.
[[nodiscard]] bool is_served(Client& client);

}  // namespace mxcd::test
