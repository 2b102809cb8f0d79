#pragma once

#include "mxcd/async/suspend.hpp"
#include "mxcd/async/task.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace mxcd::async {

/// Something to call once; it may own what cannot be copied (std::move_only_function is C++23).
using Job = asio::any_completion_handler<void()>;

struct WorkerPoolConfig {
    const char* name = "worker";
    std::size_t threads = 2;
    std::size_t queue_limit = 1024;
    /// Added to the threads' nice value, so that hashing and writing never delay an io thread.
    int niceness = 0;
};

/// Threads for work that blocks: disk, hashing, look-ups. The queue is bounded.
class WorkerPool {
  public:
    explicit WorkerPool(const WorkerPoolConfig& config);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Finishes what is queued, then joins; later work is refused. Idempotent; the destructor does it too. It
    /// must come before the io contexts of waiting tasks are destroyed, because workers post their answers
    /// there.
    void stop();

    /// Runs `work` on a worker; the caller goes on, on its own io thread, with its result or exception.
    /// Throws base::Overloaded when the queue is full or the pool stopped. It must own (or the awaiting
    /// caller keep alive) what it uses: it runs to its end even when the caller is cancelled.
    template <class Work>
    Task<std::invoke_result_t<Work&>> run(Work work) {
        using Result = std::invoke_result_t<Work&>;
        auto start = [this, &work](Resume<Result> resume) {
            submit([resume = std::move(resume), work = std::move(work)]() mutable {
                try {
                    if constexpr (std::is_void_v<Result>) {
                        work();
                        resume.with();
                    } else {
                        resume.with(work());
                    }
                } catch (...) {
                    resume.with_error(std::current_exception());
                }
            });
        };
        co_return co_await suspend<Result>(std::move(start));
    }

    /// Runs `job` on a worker and tells nobody; the job must not throw. Throws base::Overloaded when the
    /// queue is full or the pool stopped.
    void submit(Job job);

  private:
    void serve(const WorkerPoolConfig& config);

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> queue_;
    std::size_t queue_limit_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace mxcd::async
