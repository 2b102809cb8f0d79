#include "mxcd/base/log.hpp"

#include "listener.hpp"
#include "session.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace mxcd::http {

namespace {

constexpr base::Logger logger("http");

constexpr std::chrono::milliseconds pause_time{100};
constexpr std::chrono::seconds log_interval{10};

/// Nothing for a UNIX socket.
std::optional<Address> peer_address(const sockaddr_storage& peer) {
    if (peer.ss_family == AF_INET) {
        const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(peer);
        return boost::asio::ip::address_v4(ntohl(ipv4.sin_addr.s_addr));
    }
    if (peer.ss_family == AF_INET6) {
        const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(peer);
        boost::asio::ip::address_v6::bytes_type bytes;
        std::copy(std::begin(ipv6.sin6_addr.s6_addr), std::end(ipv6.sin6_addr.s6_addr), bytes.begin());
        return unmapped(boost::asio::ip::address_v6(bytes));
    }
    return std::nullopt;
}

}  // namespace

Acceptor::Acceptor(Lane& lane, async::TaskGroup& sessions, const ListeningSocket& listening)
    : lane_(lane),
      sessions_(sessions),
      descriptor_(lane.home, listening.duplicate().release()),
      pause_(lane.home),
      resources_(listening.config().resources),
      is_tcp_(listening.config().path.empty()),
      believes_forwarded_(listening.config().x_forwarded) {}

async::Task<> Acceptor::run(std::unique_ptr<Acceptor> acceptor) {
    std::exception_ptr end;
    try {
        co_await acceptor->accept_until_cancelled();
    } catch (const boost::system::system_error&) {
        end = std::current_exception();
    }
    while (acceptor->has_room() && acceptor->accept_one() == Accepted::one) {
    }
    if (end) std::rethrow_exception(end);
}

async::Task<> Acceptor::accept_until_cancelled() {
    for (;;) {
        co_await descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read, async::use_task);
        // One per turn: the other threads and this one's own connections get theirs.
        const Accepted accepted = has_room() ? accept_one() : Accepted::exhausted;
        if (accepted != Accepted::exhausted) continue;
        pause_.expires_after(pause_time);
        co_await pause_.async_wait(async::use_task);
    }
}

bool Acceptor::has_room() {
    const bool is_full = lane_.connections.open.load(std::memory_order_relaxed) >=
                         lane_.connections.limit.load(std::memory_order_relaxed);
    return !is_full || lane_.dismiss_oldest_idle();
}

Acceptor::Accepted Acceptor::accept_one() {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    base::UniqueFd socket(accept4(descriptor_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) return start_session(std::move(socket), peer_address(peer));
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Accepted::none;
    log_exhaustion(errno);
    return Accepted::exhausted;
}

Acceptor::Accepted Acceptor::start_session(base::UniqueFd socket, const std::optional<Address>& peer) {
    if (is_tcp_) {
        const int on = 1;
        static_cast<void>(setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
    }
    Origin origin{
        .client = peer ? peer->to_string() : std::string(),
        .resources = resources_,
        .is_tcp = is_tcp_,
        .is_trusted_proxy = believes_forwarded_ && (!peer || lane_.settings.trusted_proxies.contains(*peer))};
    try {
        sessions_.spawn(lane_.home,
                        Session::run(std::make_unique<Session>(lane_, std::move(socket), std::move(origin))));
    } catch (const boost::system::system_error& error) {
        log_exhaustion(error.code().value());  // the kernel watches no more sockets
        return Accepted::exhausted;
    }
    return Accepted::one;
}

void Acceptor::log_exhaustion(int error) {
    const Moment now = SteadyClock::now();
    if (last_logged_ && now - *last_logged_ < log_interval) return;
    last_logged_ = now;
    logger.warn("connections cannot be accepted for now",
                {{"reason", std::string_view(std::generic_category().message(error))}});
}

}  // namespace mxcd::http
