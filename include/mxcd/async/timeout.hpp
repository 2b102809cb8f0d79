#pragma once

#include "mxcd/async/suspend.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace mxcd::async {

/// A wait took longer than its limit. Whoever awaited translates it.
struct TimedOut : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return "timed out"; }
};

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

namespace detail {

template <class T>
Task<> answer_with(Task<T> work, Resume<T> resume) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(work);
            resume.with();
        } else {
            T value = co_await std::move(work);
            resume.with(std::move(value));
        }
    } catch (...) {
        resume.with_error(std::current_exception());
    }
}

}  // namespace detail

/// Awaits `work` for at most `limit`; throws TimedOut after it. The work is not cancelled: it goes on in
/// `group` to its own end, and its late result is dropped. So a callee that ignores cancellation cannot hold
/// the caller, and a callee that has begun something is not torn out of it. `work` must own what it uses.
template <class T>
Task<T> with_deadline(TaskGroup& group, Task<T> work, std::chrono::milliseconds limit) {
    const Executor home = co_await asio::this_coro::executor;
    auto alarm = std::make_shared<Timer>(home, limit);  // shared with the alarm's own handler
    auto start = [&group, &home, &work, &alarm](Resume<T> resume) {
        alarm->async_wait([resume, alarm](boost::system::error_code error) {
            if (!error) resume.with_error(std::make_exception_ptr(TimedOut{}));
        });
        group.spawn(home, detail::answer_with<T>(std::move(work), std::move(resume)));
    };
    std::exception_ptr failure;
    typename Resume<T>::Value value{};
    try {
        if constexpr (std::is_void_v<T>) {
            co_await suspend<T>(std::move(start));
        } else {
            value = co_await suspend<T>(std::move(start));
        }
    } catch (...) {
        failure = std::current_exception();
    }
    alarm->cancel();
    if (failure) std::rethrow_exception(failure);
    if constexpr (!std::is_void_v<T>) co_return std::move(value);
}

}  // namespace mxcd::async
