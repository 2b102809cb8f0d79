// A load generator for the benchmarks: one thread, keep-alive connections, closed loop or open loop.
//
// Open loop (--rate): requests are due at fixed moments whether or not earlier ones were answered, and
// latency is counted from the moment a request was due, so a stall of the server shows in every request that
// had to wait.
//
// usage: load --port N [--connections N] [--seconds S] [--rate N] [--count N] [--method M] --target PATH
//             [--header 'Name: value']... [--body BYTES] [--expect STATUS] [--spin 1]
// prints one line of JSON: requests, errors, seconds, rate, latencies in milliseconds, bytes received

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;

struct Options {
    std::uint16_t port = 0;
    int connections = 32;
    double seconds = 5;
    double rate = 0;         // 0: closed loop
    std::int64_t count = 0;  // 0: until the time is over
    std::string method = "GET";
    std::string target = "/";
    std::vector<std::string> headers;
    std::int64_t body = -1;
    int expect = 200;
    bool spins = false;  // never sleeps, so that the server does not pay for waking it (closed loop)
};

struct Connection {
    int fd = -1;
    bool busy = false;
    Steady::time_point due;
    std::string head;
    std::size_t head_sent = 0;
    std::int64_t body_left = 0;
    bool first_piece = true;
    std::string received;  // of the response header
    bool in_body = false;
    std::int64_t response_left = 0;
    int status = 0;
    bool closes = false;  // the server ends the connection after this answer
};

class Load {
  public:
    explicit Load(Options options)
        : options_(std::move(options)), epoll_(epoll_create1(0)), body_(1 << 20, '\0') {
        std::mt19937_64 random(42);
        for (char& byte : body_) byte = static_cast<char>(random());
        request_ = options_.method + " " + options_.target + " HTTP/1.1\r\nHost: bench\r\n";
        for (const std::string& header : options_.headers) request_ += header + "\r\n";
        if (options_.body >= 0) request_ += "Content-Length: " + std::to_string(options_.body) + "\r\n";
        request_ += "\r\n";
    }

    void run() {
        connections_.resize(static_cast<std::size_t>(options_.connections));
        for (Connection& connection : connections_) open(connection);
        begin_ = Steady::now();
        end_ = begin_ +
               std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(options_.seconds));
        if (options_.rate == 0) {
            for (Connection& connection : connections_) begin_request(connection, Steady::now());
        } else {
            for (Connection& connection : connections_) idle_.push_back(&connection);
        }
        std::vector<epoll_event> events(512);
        while (!finished()) {
            if (options_.rate > 0) start_due();
            const timespec patience = wait_time();
            const int ready =
                epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &patience, nullptr);
            for (int i = 0; i < ready; ++i)
                progress(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
        }
    }

    void report() {
        const double seconds = std::chrono::duration<double>(Steady::now() - begin_).count();
        std::sort(latencies_.begin(), latencies_.end());
        const auto at = [this](double share) {
            if (latencies_.empty()) return 0.0;
            return latencies_[std::min(
                latencies_.size() - 1,
                static_cast<std::size_t>(share * static_cast<double>(latencies_.size())))];
        };
        std::printf(
            "{\"requests\": %zu, \"errors\": %lld, \"seconds\": %.3f, \"rate\": %.0f, \"p50_ms\": %.4f, "
            "\"p90_ms\": %.4f, \"p99_ms\": %.4f, \"max_ms\": %.4f, \"bytes\": %lld}\n",
            latencies_.size(), static_cast<long long>(errors_), seconds,
            static_cast<double>(latencies_.size()) / seconds, at(0.5), at(0.9), at(0.99), at(1.0),
            static_cast<long long>(bytes_));
    }

  private:
    void open(Connection& connection) {
        connection = Connection();
        connection.fd = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(options_.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            std::perror("connect");
            std::exit(1);
        }
        const int yes = 1;
        setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        fcntl(connection.fd, F_SETFL, O_NONBLOCK);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = &connection;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    }

    bool finished() const {
        if (options_.count > 0 && static_cast<std::int64_t>(latencies_.size()) + errors_ >= options_.count)
            return true;
        return Steady::now() >= end_;
    }

    timespec wait_time() const {
        constexpr std::chrono::nanoseconds at_most = std::chrono::milliseconds(100);
        // A timer is not exact: the rest of the way to a request that is due soon is a busy loop. It must not
        // be the whole way, or the generator would have a processor to itself, which the server may want.
        constexpr std::chrono::nanoseconds early = std::chrono::microseconds(100);
        std::chrono::nanoseconds wait = at_most;
        if (options_.rate == 0) {
            if (options_.spins) wait = {};
        } else if (idle_.empty()) {
            wait = std::chrono::milliseconds(1);
        } else {
            wait = std::clamp(due_at(started_) - Steady::now() - early, {}, at_most);
        }
        return {0, static_cast<long>(wait.count())};
    }

    Steady::time_point due_at(std::int64_t number) const {
        const std::chrono::duration<double> offset(static_cast<double>(number) / options_.rate);
        return begin_ + std::chrono::duration_cast<Steady::duration>(offset);
    }

    void start_due() {
        const double elapsed = std::chrono::duration<double>(Steady::now() - begin_).count();
        const std::int64_t due = static_cast<std::int64_t>(elapsed * options_.rate) + 1;
        while (started_ < due && !idle_.empty()) {
            Connection* connection = idle_.front();
            idle_.pop_front();
            begin_request(*connection, due_at(started_++));
        }
    }

    void begin_request(Connection& connection, Steady::time_point due) {
        connection.busy = true;
        connection.due = due;
        connection.head_sent = 0;
        connection.body_left = std::max<std::int64_t>(options_.body, 0);
        connection.first_piece = true;
        connection.received.clear();
        connection.in_body = false;
        send_more(connection);
    }

    void send_more(Connection& connection) {
        while (connection.head_sent < request_.size()) {
            const ssize_t sent = send(connection.fd, request_.data() + connection.head_sent,
                                      request_.size() - connection.head_sent,
                                      MSG_NOSIGNAL | (connection.body_left > 0 ? MSG_MORE : 0));
            if (sent < 0) return;
            connection.head_sent += static_cast<std::size_t>(sent);
        }
        while (connection.body_left > 0) {
            if (connection.first_piece) {  // every body is another one
                ++serial_;
                std::memcpy(body_.data(), &serial_, sizeof serial_);
            }
            const auto offset = static_cast<std::size_t>((options_.body - connection.body_left) %
                                                         static_cast<std::int64_t>(body_.size()));
            const std::size_t length =
                std::min(static_cast<std::size_t>(connection.body_left), body_.size() - offset);
            const ssize_t sent = send(connection.fd, body_.data() + offset, length, MSG_NOSIGNAL);
            if (sent < 0) return;
            connection.first_piece = false;
            connection.body_left -= sent;
        }
    }

    void progress(Connection& connection) {
        if (!connection.busy) return;
        send_more(connection);
        static char buffer[1 << 18];
        for (;;) {
            const ssize_t got = recv(connection.fd, buffer, sizeof buffer, 0);
            if (got < 0 && errno == EAGAIN) return;
            if (got <= 0) {
                ++errors_;
                close(connection.fd);
                open(connection);
                next(connection);
                return;
            }
            bytes_ += got;
            if (!take(connection, std::string_view(buffer, static_cast<std::size_t>(got)))) continue;
            if (connection.status == options_.expect) {
                latencies_.push_back(
                    std::chrono::duration<double, std::milli>(Steady::now() - connection.due).count());
            } else {
                ++errors_;
            }
            const bool reopened = connection.closes;
            next(connection);
            if (options_.rate > 0 || reopened) return;
        }
    }

    void next(Connection& connection) {
        connection.busy = false;
        if (connection.closes) {
            close(connection.fd);
            open(connection);
        }
        if (options_.rate > 0) {
            idle_.push_back(&connection);
        } else if (Steady::now() < end_) {
            begin_request(connection, Steady::now());
        }
    }

    /// True when the response is complete.
    static bool take(Connection& connection, std::string_view bytes) {
        if (!connection.in_body) {
            connection.received.append(bytes);
            const std::size_t end = connection.received.find("\r\n\r\n");
            if (end == std::string::npos) return false;
            connection.status = std::atoi(connection.received.c_str() + 9);
            std::size_t at = connection.received.find("\r\nContent-Length: ");
            if (at == std::string::npos) at = connection.received.find("\r\ncontent-length: ");
            const std::int64_t length =
                at == std::string::npos ? 0 : std::atoll(connection.received.c_str() + at + 18);
            const std::string_view head = std::string_view(connection.received).substr(0, end);
            connection.closes = head.find("\r\nConnection: close") != std::string_view::npos;
            connection.response_left =
                length - static_cast<std::int64_t>(connection.received.size() - end - 4);
            connection.in_body = true;
        } else {
            connection.response_left -= static_cast<std::int64_t>(bytes.size());
        }
        return connection.response_left <= 0;
    }

    Options options_;
    int epoll_;
    std::string body_;
    std::string request_;
    std::vector<Connection> connections_;
    std::deque<Connection*> idle_;
    std::vector<double> latencies_;
    Steady::time_point begin_;
    Steady::time_point end_;
    std::int64_t started_ = 0;
    std::int64_t errors_ = 0;
    std::int64_t bytes_ = 0;
    std::uint64_t serial_ = static_cast<std::uint64_t>(Steady::now().time_since_epoch().count());
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const char* value = argv[i + 1];
        if (name == "--port")
            options.port = static_cast<std::uint16_t>(std::atoi(value));
        else if (name == "--connections")
            options.connections = std::atoi(value);
        else if (name == "--seconds")
            options.seconds = std::atof(value);
        else if (name == "--rate")
            options.rate = std::atof(value);
        else if (name == "--count")
            options.count = std::atoll(value);
        else if (name == "--method")
            options.method = value;
        else if (name == "--target")
            options.target = value;
        else if (name == "--header")
            options.headers.emplace_back(value);
        else if (name == "--body")
            options.body = std::atoll(value);
        else if (name == "--expect")
            options.expect = std::atoi(value);
        else if (name == "--spin")
            options.spins = std::atoi(value) != 0;
        else {
            std::fprintf(stderr, "load: unknown option %s\n", argv[i]);
            std::exit(64);
        }
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    Load load(parse(argc, argv));
    load.run();
    load.report();
    return 0;
}
