#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace mxcd::async {

namespace asio = boost::asio;

/// Every coroutine of ours runs on an io thread: one io_context per thread, run by that thread alone, so what
/// belongs to a connection needs neither strand nor lock.
using Executor = asio::io_context::executor_type;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

/// The completion token that turns an Asio operation into something to `co_await` inside a Task.
inline constexpr asio::use_awaitable_t<Executor> use_task{};

}  // namespace mxcd::async
