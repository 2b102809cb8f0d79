#include "connection.hpp"

#include "mxcd/async/timeout.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mxcd::http {

namespace {

/// A system call's result as bytes; nothing when it would block.
std::optional<std::size_t> moved_bytes(ssize_t result) {
    if (result >= 0) return static_cast<std::size_t>(result);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
    throw boost::system::system_error(errno, boost::system::system_category());
}

}  // namespace

Connection::Connection(async::Executor home, base::UniqueFd socket, bool is_tcp)
    : socket_(home), is_tcp_(is_tcp) {
    const boost::asio::generic::stream_protocol protocol(is_tcp ? AF_INET : AF_UNIX,
                                                         is_tcp ? IPPROTO_TCP : 0);
    socket_.assign(protocol, socket.get());
    static_cast<void>(socket.release());
}

async::Task<> Connection::readiness(Direction direction) {
    const auto what = direction == Direction::read ? Socket::wait_read : Socket::wait_write;
    return socket_.async_wait(what, boost::asio::redirect_error(async::use_task, wait_error_));
}

async::Task<std::size_t> Connection::next_bytes(std::span<std::byte> into) {
    return socket_.async_receive(boost::asio::buffer(into.data(), into.size()),
                                 boost::asio::redirect_error(async::use_task, wait_error_));
}

Woken Connection::woken() {
    deadline_ = Moment::max();
    const Woken woken = std::exchange(woken_, Woken::ready);
    const boost::system::error_code error = std::exchange(wait_error_, {});
    if (!error || error == boost::asio::error::eof) return Woken::ready;
    if (woken == Woken::ready) throw boost::system::system_error(error);
    return woken;
}

async::Task<Woken> Connection::wait(Direction direction, Moment deadline) {
    arm(deadline);
    co_await readiness(direction);
    co_return woken();
}

async::Task<Woken> Connection::wait(Direction direction, Pace& pace, std::int64_t moved) {
    const Moment now = SteadyClock::now();
    pace_ = &pace;
    moved_ = moved;
    direction_ = direction;
    pace.begin_wait(now, moved + in_kernel());
    arm(now);  // the next sweep asks the pace when to look again
    co_await readiness(direction);
    pace_ = nullptr;
    pace.end_wait(SteadyClock::now());
    co_return woken();
}

async::Task<> Connection::hang_up() {
    co_await wait(Direction::read, Moment::max());
    std::byte next{};
    if (recv(socket_.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) co_return;
    // What has arrived hides the peer's end behind it.
    async::Timer never(home(), Moment::max());
    co_await never.async_wait(async::use_task);
}

void Connection::check_deadline(Moment now) {
    if (now < deadline_) return;
    if (pace_ != nullptr) {
        const std::optional<Moment> again = pace_->look(now, moved_ + in_kernel());
        if (again) {
            deadline_ = *again;
            return;
        }
    }
    interrupt(Woken::expired);
}

void Connection::interrupt(Woken reason) {
    woken_ = reason;
    deadline_ = Moment::max();
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

std::int64_t Connection::in_kernel() const {
    int bytes = 0;
    const int fd = const_cast<Socket&>(socket_).native_handle();
    const unsigned long request = direction_ == Direction::read ? FIONREAD : SIOCOUTQ;
    if (ioctl(fd, request, &bytes) != 0) return 0;
    // What waits to be read has come from the peer; what waits to be sent has not reached it.
    return direction_ == Direction::read ? bytes : -static_cast<std::int64_t>(bytes);
}

std::optional<std::size_t> Connection::receive(std::span<std::byte> into) {
    return moved_bytes(recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT));
}

std::optional<std::size_t> Connection::send(std::span<const iovec> pieces, bool more_follows) {
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0);
    if (pieces.size() == 1)
        return moved_bytes(
            ::send(socket_.native_handle(), pieces.front().iov_base, pieces.front().iov_len, flags));
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    return moved_bytes(sendmsg(socket_.native_handle(), &message, flags));
}

std::optional<std::size_t> Connection::send_file(int file, std::int64_t offset, std::size_t length) {
    off_t position = offset;
    return moved_bytes(sendfile(socket_.native_handle(), file, &position, length));
}

void Connection::set_low_water(std::int64_t bytes) {
    const int wanted = static_cast<int>(std::clamp<std::int64_t>(bytes, 1, 1 << 20));
    if (!is_tcp_ || wanted == low_water_) return;
    // Failure only costs wake-ups.
    if (setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(wanted)) == 0)
        low_water_ = wanted;
}

void Connection::finish_sending() {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
}

}  // namespace mxcd::http
