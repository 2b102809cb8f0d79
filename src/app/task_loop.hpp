#pragma once

#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"

#include <exception>
#include <future>
#include <type_traits>
#include <utility>

namespace mxcd::app {

/// An io thread for a command that has a few tasks to run, one after the other, and waits for each. The
/// thread starts with the first task; a client that answers from a thread of its own is made after this and
/// goes before.
class TaskLoop {
  public:
    TaskLoop() : threads_(1) {}

    /// Runs a task, which limits its own waits, to its end; its result or exception is the caller's.
    template <class T>
    T run(async::Task<T> task) {
        if (!std::exchange(is_started_, true)) threads_.start();
        std::promise<T> promise;
        std::future<T> future = promise.get_future();
        group_.spawn(threads_.executor(0), fulfil<T>(std::move(task), std::move(promise)));
        future.wait();
        static_cast<void>(group_.wait_until_empty(std::chrono::seconds(5)));
        return future.get();
    }

  private:
    template <class T>
    static async::Task<> fulfil(async::Task<T> task, std::promise<T> promise) {
        try {
            T value = co_await std::move(task);
            promise.set_value(std::move(value));
        } catch (...) {
            promise.set_exception(std::current_exception());
        }
    }

    async::TaskGroup group_;
    async::IoThreads threads_;
    bool is_started_ = false;
};

}  // namespace mxcd::app
