#pragma once

#include "mxcd/async/task.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <exception>
#include <utility>
#include <variant>

namespace mxcd::async {

namespace detail {

/// A failure as a value: Asio would go on waiting for the other task when one fails.
inline Task<std::exception_ptr> failure_of(Task<> task) {
    try {
        co_await std::move(task);
    } catch (...) {
        co_return std::current_exception();
    }
    co_return nullptr;
}

}  // namespace detail

/// Awaits `work`, unless `event` ends first: then `work` is cancelled and awaited, and the result is false.
/// Whichever ends second is cancelled, so both must end when they are. An exception of the first one is
/// thrown on.
inline Task<bool> unless(Task<> event, Task<> work) {
    using asio::experimental::awaitable_operators::operator||;
    const std::variant<std::exception_ptr, std::exception_ptr> first =
        co_await (detail::failure_of(std::move(work)) || detail::failure_of(std::move(event)));
    const std::exception_ptr failure = first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
    if (failure) std::rethrow_exception(failure);
    co_return first.index() == 0;
}

}  // namespace mxcd::async
