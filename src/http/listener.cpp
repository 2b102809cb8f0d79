#include "listener.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

namespace mxcd::http {

namespace {

constexpr int backlog = 4096;

std::string place_of(const ListenerConfig& config) {
    if (!config.path.empty()) return "unix:" + config.path;
    const bool is_v6 = config.address.find(':') != std::string::npos;
    return (is_v6 ? "[" + config.address + "]" : config.address) + ":" + std::to_string(config.port);
}

void set_option(int socket, int level, int option, int value) {
    static_cast<void>(setsockopt(socket, level, option, &value, sizeof(value)));
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

/// A socket file nobody listens at any more, left by a process that was killed.
bool is_stale(const std::string& path) {
    struct stat facts{};
    if (lstat(path.c_str(), &facts) != 0 || !S_ISSOCK(facts.st_mode)) return false;
    const base::UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_un address = unix_address(path);
    const int result = connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    return result != 0 && errno == ECONNREFUSED;
}

}  // namespace

ListeningSocket::ListeningSocket(const ListenerConfig& config, bool also_ipv4) : config_(config) {
    if (config.path.empty())
        bind_tcp(also_ipv4);
    else
        bind_unix();
    if (listen(socket_.get(), backlog) != 0) fail(errno);
}

ListeningSocket::~ListeningSocket() {
    if (socket_ && !config_.path.empty()) unlink(config_.path.c_str());
}

void ListeningSocket::fail(int error) const {
    throw BindError("cannot listen at " + place_of(config_) + ": " + std::generic_category().message(error),
                    error == EACCES || error == EPERM);
}

void ListeningSocket::bind_tcp(bool also_ipv4) {
    using boost::asio::ip::tcp;
    boost::system::error_code error;
    const boost::asio::ip::address address = boost::asio::ip::make_address(config_.address, error);
    if (error) fail(EINVAL);
    tcp::endpoint endpoint(address, config_.port);
    socket_.reset(
        socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
    if (!socket_) fail(errno);
    set_option(socket_.get(), SOL_SOCKET, SO_REUSEADDR,
               1);  // not SO_REUSEPORT: two services would share the port
    if (address.is_v6()) set_option(socket_.get(), IPPROTO_IPV6, IPV6_V6ONLY, also_ipv4 ? 0 : 1);
    if (::bind(socket_.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) fail(errno);
    auto size = static_cast<socklen_t>(endpoint.capacity());
    if (getsockname(socket_.get(), endpoint.data(), &size) != 0) fail(errno);
    port_ = endpoint.port();
}

void ListeningSocket::bind_unix() {
    if (config_.path.size() >= sizeof(sockaddr_un::sun_path)) fail(ENAMETOOLONG);
    if (is_stale(config_.path)) unlink(config_.path.c_str());
    base::UniqueFd socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_fd) fail(errno);
    const sockaddr_un address = unix_address(config_.path);
    if (::bind(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        fail(errno);
    socket_ = std::move(socket_fd);  // from here on the file is ours to remove
    // Before listen(): until then nobody gets in, whatever the umask left open.
    if (chmod(config_.path.c_str(), config_.mode) != 0) fail(errno);
}

BoundListener ListeningSocket::bound() const {
    ListenerConfig resolved = config_;
    resolved.port = port_;
    const std::string place = place_of(resolved);
    return {.url = config_.path.empty() ? "http://" + place : place,
            .port = port_,
            .resources = config_.resources};
}

base::UniqueFd ListeningSocket::duplicate() const {
    base::UniqueFd copy(fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) fail(errno);
    return copy;
}

}  // namespace mxcd::http
