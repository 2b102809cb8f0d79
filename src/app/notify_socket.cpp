#include "notify_socket.hpp"

#include "mxcd/base/text.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace mxcd::app {

namespace {

std::string environment(const char* name) {
    // Read by the main thread; nothing of ours ever changes the environment.
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? "" : value;
}

}  // namespace

NotifySocket::NotifySocket(const std::string& address) {
    const bool is_usable = address.size() > 1 && address.size() < sizeof(sockaddr_un::sun_path) &&
                           (address[0] == '/' || address[0] == '@');
    if (!is_usable) return;
    socket_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    address_ = address;
    if (address_[0] == '@') address_[0] = '\0';
}

NotifySocket NotifySocket::from_environment() { return NotifySocket(environment("NOTIFY_SOCKET")); }

void NotifySocket::reloading() const {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long long microseconds = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void NotifySocket::send(const std::string& state) const {
    if (!socket_) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, address_.data(), address_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    // A lost message costs a restart at worst, and there is nobody to tell.
    static_cast<void>(sendto(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), length));
}

std::optional<std::chrono::microseconds> watchdog_interval() {
    const std::string pid = environment("WATCHDOG_PID");
    if (!pid.empty() && pid != std::to_string(getpid())) return std::nullopt;
    const std::optional<std::int64_t> microseconds = base::parse_decimal(environment("WATCHDOG_USEC"));
    if (!microseconds || *microseconds == 0) return std::nullopt;
    return std::chrono::microseconds(*microseconds);
}

}  // namespace mxcd::app
