#include "ready_queue.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace mxcd::http {

namespace {

using Descriptor = boost::asio::posix::basic_stream_descriptor<async::Executor>;

constexpr std::uint32_t arrivals = EPOLLIN | EPOLLRDHUP | EPOLLET;

/// Where so many were ready there are more by now: to look at once saves what a wait costs.
constexpr std::size_t many = 8;
/// So many times, because other work of the thread waits as well.
constexpr int looks_at_most = 4;

[[noreturn]] void fail() { throw boost::system::system_error(errno, boost::system::system_category()); }

}  // namespace

ReadyQueue::ReadyQueue(async::Executor home)
    : home_(std::move(home)),
      queue_(epoll_create1(EPOLL_CLOEXEC)),
      awaited_(fcntl(queue_.get(), F_DUPFD_CLOEXEC, 0)) {
    if (!awaited_) fail();
}

void ReadyQueue::add(int socket, ReadyListener& listener) {
    control(EPOLL_CTL_ADD, socket, listener, arrivals);
}

void ReadyQueue::look_again(int socket, ReadyListener& listener, std::uint32_t events) {
    control(EPOLL_CTL_MOD, socket, listener, arrivals | events);
}

void ReadyQueue::control(int operation, int socket, ReadyListener& listener, std::uint32_t events) const {
    epoll_event event{.events = events, .data = {.ptr = &listener}};
    if (epoll_ctl(queue_.get(), operation, socket, &event) != 0) fail();
}

void ReadyQueue::remove(int socket, const ReadyListener& listener) noexcept {
    epoll_event ignored{};
    epoll_ctl(queue_.get(), EPOLL_CTL_DEL, socket, &ignored);
    for (std::size_t i = next_; i < count_; ++i)
        if (events_.at(i).data.ptr == &listener) events_.at(i).data.ptr = nullptr;
}

async::Task<> ReadyQueue::serve(std::function<void()> after_round) {
    Descriptor queue(home_, awaited_.release());
    for (;;) {
        co_await queue.async_wait(Descriptor::wait_read, async::use_task);
        int looks = 0;
        do {
            tell_listeners();
            after_round();
        } while (++looks < looks_at_most && count_ >= many);
    }
}

void ReadyQueue::tell_listeners() {
    const int taken = epoll_wait(queue_.get(), events_.data(), static_cast<int>(events_.size()), 0);
    count_ = static_cast<std::size_t>(std::max(taken, 0));
    is_in_round_ = true;
    for (next_ = 0; next_ < count_;) {
        const epoll_event event = events_.at(next_++);
        if (event.data.ptr != nullptr)
            static_cast<ReadyListener*>(event.data.ptr)->became_ready(event.events);
    }
    is_in_round_ = false;
}

}  // namespace mxcd::http
