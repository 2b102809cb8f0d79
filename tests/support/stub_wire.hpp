#pragma once

#include "mxcd/base/text.hpp"
#include "mxcd/base/unique_fd.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// Sockets and HTTP/1.1 text for the stub server.
namespace mxcd::test {

struct StubRequest {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case; the last of a name wins
    std::string body;

    [[nodiscard]] std::string header(const std::string& lower_case_name) const {
        const auto found = headers.find(lower_case_name);
        return found == headers.end() ? "" : found->second;
    }
};

/// `raw`, if not empty, goes out instead of status, headers and body, just as it is.
struct StubAnswer {
    int status = 200;
    std::string body = "{}";
    std::vector<std::string> headers = {"Content-Type: application/json"};
    std::string raw = {};
    std::chrono::milliseconds delay{0};  // before the first byte
    bool repeats_forever = false;        // sends `raw` again and again
    bool then_silent = false;            // leaves the connection open and never says another word
    bool then_closes = false;
};

namespace wire {

inline base::UniqueFd listening(int family, const sockaddr* address, socklen_t length) {
    base::UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || ::bind(fd.get(), address, length) != 0 || ::listen(fd.get(), 256) != 0)
        throw std::runtime_error("the stub server cannot listen");
    return fd;
}

/// A listening socket on 127.0.0.1 and its port, which the system chooses.
inline std::pair<base::UniqueFd, std::uint16_t> listen_on_loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    base::UniqueFd fd = listening(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    socklen_t length = sizeof address;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length);
    return {std::move(fd), ntohs(address.sin_port)};
}

inline base::UniqueFd listen_on_path(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return listening(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

inline bool send_all(int fd, const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) return false;
        sent += static_cast<std::size_t>(n);
    }
    return true;
}

inline bool read_more(int fd, std::string& buffer) {
    char piece[4096];
    const ssize_t n = ::recv(fd, piece, sizeof piece, 0);
    if (n > 0) buffer.append(piece, static_cast<std::size_t>(n));
    return n > 0;
}

inline StubRequest parse_head(const std::string& head) {
    StubRequest request;
    const std::size_t method_end = head.find(' ');
    const std::size_t target_end = head.find(' ', method_end + 1);
    request.method = head.substr(0, method_end);
    request.target = head.substr(method_end + 1, target_end - method_end - 1);
    std::size_t at = head.find("\r\n") + 2;
    for (std::size_t end = head.find("\r\n", at); end > at; end = head.find("\r\n", at)) {
        const std::string line = head.substr(at, end - at);
        const std::size_t colon = line.find(':');
        const std::size_t value = line.find_first_not_of(' ', colon + 1);
        request.headers[base::to_lower_ascii(line.substr(0, colon))] =
            value == std::string::npos ? "" : line.substr(value);
        at = end + 2;
    }
    return request;
}

/// `buffer` keeps what arrived early of the next request. False when the connection has ended.
inline bool read_request(int fd, std::string& buffer, StubRequest& request) {
    while (buffer.find("\r\n\r\n") == std::string::npos)
        if (!read_more(fd, buffer)) return false;
    const std::size_t head_size = buffer.find("\r\n\r\n") + 4;
    request = parse_head(buffer.substr(0, head_size));
    const std::string length = request.header("content-length");
    const std::size_t body_size = length.empty() ? 0 : std::stoul(length);
    while (buffer.size() < head_size + body_size)
        if (!read_more(fd, buffer)) return false;
    request.body = buffer.substr(head_size, body_size);
    buffer.erase(0, head_size + body_size);
    return true;
}

inline std::string text_of(const StubAnswer& answer) {
    if (!answer.raw.empty()) return answer.raw;
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Stub\r\n";
    for (const std::string& line : answer.headers) text += line + "\r\n";
    return text + "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
}

}  // namespace wire

}  // namespace mxcd::test
