#include "unit/http/door.hpp"

#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"

namespace mxcd::test {

namespace {

constexpr int client_limit_ms = 10'000;

async::Task<std::string> read_all(http::Request& request) {
    std::string body;
    for (;;) {
        const std::span<const std::byte> piece = co_await request.body().next();
        if (piece.empty()) break;
        body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
    co_return body;
}

http::Response text_response(int status, std::string text) {
    http::Response response;
    response.status = status;
    response.headers.add("Content-Type", "text/plain");
    response.body = std::move(text);
    return response;
}

int refusal_status(http::Refusal reason) {
    switch (reason) {
        case http::Refusal::malformed:
            return 400;
        case http::Refusal::repeated_authorization:
            return 401;
        case http::Refusal::header_timeout:
            return 408;
        case http::Refusal::header_too_large:
            return 431;
        case http::Refusal::expectation_failed:
            return 417;
        case http::Refusal::method_refused:
            return 405;
        case http::Refusal::overloaded:
            return 503;
    }
    return 500;
}

}  // namespace

async::Task<http::Response> FakeDesk::answer(http::Request& request) {
    request.route = "/test";
    Seen seen{.method = std::string(request.method),
              .path = std::string(request.path),
              .query = std::string(request.query),
              .client = request.client_address,
              .request_id = request.request_id,
              .body = {}};
    if (request.path == "/wait") {
        co_await request.hang_up();
        call();
        throw base::ClientGone("hung up");
    }
    const bool reads_body = !request.path.starts_with("/early");
    int status = 200;
    try {
        if (reads_body) seen.body = co_await read_all(request);
    } catch (const base::MalformedBody&) {
        status = 400;
    } catch (const async::TimedOut&) {
        status = 408;
    }
    http::Response response =
        text_response(status, seen.method + " " + seen.path + " " + std::to_string(seen.body.size()));
    if (status != 200) response.close = true;
    if (seen.path == "/early") response.status = 413;
    if (seen.path == "/file") response.body = file;
    if (seen.path == "/memory")
        response.body = http::MemorySlice{memory, 0, static_cast<std::int64_t>(memory->size())};
    if (seen.path == "/call") call();
    if (seen.path == "/nothing") response.status = 204;
    if (seen.path == "/same") response.status = 304;
    if (seen.path == "/broken") throw std::runtime_error("a handler's mistake");
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(seen));
    co_return response;
}

http::Response FakeDesk::refuse(http::Refusal reason, std::string_view) {
    return text_response(refusal_status(reason), "refused");
}

std::vector<Seen> FakeDesk::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

void FakeDesk::forget() {
    const std::lock_guard lock(mutex_);
    seen_.clear();
}

Door::Door(http::ServerConfig config, std::size_t threads) : threads_(threads) {
    if (config.listeners.empty()) config.listeners.push_back({.address = "127.0.0.1", .path = {}});
    server_ = http::make_server(
        std::move(config), {.threads = threads_, .handler = desk_, .random = *random_, .metrics = *metrics_});
    bound_ = server_->bind();
    server_->start();
    threads_.start();
}

Door::~Door() {
    server_->stop_accepting();
    static_cast<void>(server_->drain(std::chrono::milliseconds(0)));
    threads_.stop();
    server_.reset();
}

Client::Client(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
        throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
}

Client::Client(const std::string& unix_path) : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, unix_path.data(), unix_path.size());
    if (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
        throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
}

Client Client::over_ipv6(std::uint16_t port) {
    Client client(base::UniqueFd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    if (connect(client.fd(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
        throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
    return client;
}

bool Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool Client::fill() {
    pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, client_limit_ms) != 1) throw std::runtime_error("the server said nothing for 10 s");
    char piece[65536];
    const ssize_t count = recv(socket_.get(), piece, sizeof(piece), 0);
    if (count <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(count));
    return true;
}

std::optional<Answer> Client::read_answer(bool is_head) {
    std::size_t end = buffer_.find("\r\n\r\n");
    while (end == std::string::npos) {
        if (!fill()) return std::nullopt;
        end = buffer_.find("\r\n\r\n");
    }
    Answer answer;
    answer.head = buffer_.substr(0, end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    buffer_.erase(0, end + 4);
    const std::string length = header_value(answer, "Content-Length");
    const std::size_t size = is_head || length.empty() || answer.status == 304 ? 0 : std::stoul(length);
    while (buffer_.size() < size)
        if (!fill()) return std::nullopt;
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
}

std::string Client::read_to_end() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
}

bool Client::is_closed_within(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) != 1) return false;
        char piece[4096];
        if (recv(socket_.get(), piece, sizeof(piece), 0) <= 0) return true;
    }
}

bool Client::is_silent_for(std::chrono::milliseconds time) {
    pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return buffer_.empty() && poll(&wait, 1, static_cast<int>(time.count())) == 0;
}

std::string header_value(const Answer& answer, std::string_view name) {
    const std::string key = "\r\n" + std::string(name) + ": ";
    const std::size_t at = answer.head.find(key);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + key.size();
    return answer.head.substr(begin, answer.head.find("\r\n", begin) - begin);
}

bool is_served(Client& client) {
    client.send(plain_get);
    const std::optional<Answer> answer = client.read_answer();
    return answer && answer->status == 200;
}

}  // namespace mxcd::test
