#include "connection.hpp"

#include "mxcd/async/timeout.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
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

Connection::Connection(async::Executor home, ReadyQueue& ready, base::UniqueFd socket, bool is_tcp)
    : home_(std::move(home)), ready_(ready), socket_(std::move(socket)), is_tcp_(is_tcp) {
    ready_.add(socket_.get(), *this);
}

Connection::~Connection() { ready_.remove(socket_.get(), *this); }

void Connection::became_ready(std::uint32_t events) noexcept {
    const bool has_failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
    has_ended_ = has_ended_ || has_failed || (events & EPOLLRDHUP) != 0;
    const bool can_read = has_ended_ || (events & EPOLLIN) != 0;
    may_have_more_ = may_have_more_ || can_read;
    Waiter reader = can_read ? std::exchange(waiter(Direction::read), nullptr) : nullptr;
    const bool can_write = has_failed || (events & EPOLLOUT) != 0;
    Waiter writer = can_write ? std::exchange(waiter(Direction::write), nullptr) : nullptr;
    // From here on this object may be gone, with the task that a waiter resumes.
    if (writer) std::move(writer)(boost::system::error_code());
    if (reader) std::move(reader)(boost::system::error_code());
}

async::Task<> Connection::readiness(Direction direction) {
    auto begin = [this, direction](auto handler) {
        assert(!waiter(direction));
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        Waiter(std::move(handler)).swap(waiter(direction));  // Asio 1.81 calls itself when one is assigned
        if (slot.is_connected())
            slot.assign([this, direction](boost::asio::cancellation_type) { cancel(direction); });
    };
    auto token = boost::asio::redirect_error(async::use_task, wait_error_);
    return boost::asio::async_initiate<decltype(token), void(boost::system::error_code)>(std::move(begin),
                                                                                         token);
}

async::Task<> Connection::arrival() {
    return may_have_more_ ? readiness_again(Direction::read) : readiness(Direction::read);
}

/// For those who may have left something unread, or whose wishes have changed.
async::Task<> Connection::readiness_again(Direction direction) {
    ready_.look_again(socket_.get(), *this, direction == Direction::write ? EPOLLOUT : 0);
    return readiness(direction);
}

// Not at once: whoever cancels is in the middle of something.
void Connection::cancel(Direction direction) {
    if (!waiter(direction)) return;
    boost::asio::post(home_, [waiting = std::exchange(waiter(direction), nullptr)]() mutable {
        std::move(waiting)(boost::asio::error::operation_aborted);
    });
}

Woken Connection::woken() {
    deadline_ = Moment::max();
    const Woken woken = std::exchange(woken_, Woken::ready);
    const boost::system::error_code error = std::exchange(wait_error_, {});
    if (!error) return Woken::ready;
    if (woken == Woken::ready) throw boost::system::system_error(error);
    return woken;
}

async::Task<Woken> Connection::wait(Direction direction, Moment deadline) {
    arm(deadline);
    co_await readiness_again(direction);
    co_return woken();
}

async::Task<Woken> Connection::wait(Direction direction, Pace& pace, std::int64_t moved) {
    const Moment now = SteadyClock::now();
    pace_ = &pace;
    moved_ = moved;
    direction_ = direction;
    pace.begin_wait(now, moved + in_kernel());
    arm(now);  // the next sweep asks the pace when to look again
    co_await readiness_again(direction);
    pace_ = nullptr;
    pace.end_wait(SteadyClock::now());
    co_return woken();
}

async::Task<> Connection::hang_up() {
    co_await wait(Direction::read, Moment::max());
    std::byte next{};
    if (recv(socket_.get(), &next, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) co_return;
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
    cancel(Direction::read);
    cancel(Direction::write);
}

std::int64_t Connection::in_kernel() const {
    int bytes = 0;
    const unsigned long request = direction_ == Direction::read ? FIONREAD : SIOCOUTQ;
    if (ioctl(socket_.get(), request, &bytes) != 0) return 0;
    // What waits to be read has come from the peer; what waits to be sent has not reached it.
    return direction_ == Direction::read ? bytes : -static_cast<std::int64_t>(bytes);
}

std::optional<std::size_t> Connection::receive(std::span<std::byte> into) {
    const std::optional<std::size_t> count =
        moved_bytes(recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT));
    // Less than there was room for is all that had arrived, epoll(7). A client that marks bytes as urgent, or
    // sends descriptors, may have to send more before the rest of it is seen.
    may_have_more_ = count && (has_ended_ || *count == into.size());
    return count;
}

std::optional<std::size_t> Connection::send(std::span<const iovec> pieces, bool more_follows) {
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0);
    if (pieces.size() == 1)
        return moved_bytes(::send(socket_.get(), pieces.front().iov_base, pieces.front().iov_len, flags));
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    return moved_bytes(sendmsg(socket_.get(), &message, flags));
}

std::optional<std::size_t> Connection::send_file(int file, std::int64_t offset, std::size_t length) {
    off_t position = offset;
    return moved_bytes(sendfile(socket_.get(), file, &position, length));
}

void Connection::set_low_water(std::int64_t bytes) {
    const int wanted = static_cast<int>(std::clamp<std::int64_t>(bytes, 1, 1 << 20));
    if (!is_tcp_ || wanted == low_water_) return;
    // Failure only costs wake-ups.
    if (setsockopt(socket_.get(), SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(wanted)) == 0) low_water_ = wanted;
}

void Connection::finish_sending() {
    shutdown(socket_.get(), SHUT_WR);  // a failure means that the connection is gone
}

}  // namespace mxcd::http
