#pragma once

#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"

#include <exception>
#include <future>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace mxcd::test {

/// An io thread and a task group for one test. Tasks that are left at the end are cancelled and must end
/// within 5 s.
class TaskRunner {
  public:
    TaskRunner() : threads_(1) { threads_.start(); }
    ~TaskRunner() { end(); }

    /// What the destructor does, for those whose tasks use what goes before it.
    void end() {
        group_.cancel();
        static_cast<void>(group_.wait_until_empty(std::chrono::seconds(5)));
        threads_.stop();
    }

    /// Runs a task to its end (at most 60 s) and gives its result or throws its exception, on the test's
    /// thread.
    template <class T>
    T run(async::Task<T> task) {
        std::promise<T> promise;
        std::future<T> future = promise.get_future();
        group_.spawn(threads_.executor(0), fulfil<T>(std::move(task), std::move(promise)));
        if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready)
            throw std::runtime_error("a task did not end within a minute");
        return future.get();
    }

    [[nodiscard]] async::Executor executor() { return threads_.executor(0); }
    [[nodiscard]] async::IoThreads& threads() { return threads_; }
    [[nodiscard]] async::TaskGroup& group() { return group_; }

  private:
    template <class T>
    static async::Task<> fulfil(async::Task<T> task, std::promise<T> promise) {
        try {
            if constexpr (std::is_void_v<T>) {
                co_await std::move(task);
                promise.set_value();
            } else {
                T value = co_await std::move(task);
                promise.set_value(std::move(value));
            }
        } catch (...) {
            promise.set_exception(std::current_exception());
        }
    }

    async::TaskGroup group_;
    async::IoThreads threads_;
};

}  // namespace mxcd::test
