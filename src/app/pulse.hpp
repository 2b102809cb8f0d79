#pragma once

#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/async/worker_pool.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace mxcd::app {

/// Tells whether the service still works: one beat goes through every io thread and from there through a
/// worker. One thread calls.
class Pulse {
  public:
    Pulse(async::IoThreads& threads, async::WorkerPool& workers, async::TaskGroup& group)
        : threads_(threads), workers_(workers), group_(group) {}

    /// Sends the next beat; the answer to an older one no longer counts.
    void beat();
    /// Whether the whole beat came back. False before the first one.
    [[nodiscard]] bool is_back() const;

  private:
    static async::Task<> pass(async::WorkerPool& workers, std::shared_ptr<std::atomic<std::size_t>> answers);

    async::IoThreads& threads_;
    async::WorkerPool& workers_;
    async::TaskGroup& group_;
    std::shared_ptr<std::atomic<std::size_t>> answers_;  // shared with the beat's tasks, which may be late
};

}  // namespace mxcd::app
