#pragma once

#include "mxcd/async/task.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace mxcd::async {

/// Owns running tasks: whatever is spawned is spawned here, so that shutdown can cancel and await all of it.
/// Thread-safe.
class TaskGroup {
  public:
    TaskGroup() = default;
    /// Everything must have ended: cancel() and wait_until_empty() come first.
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Starts `task` on `home`. What it throws is logged, unless it is cancellation. After cancel() the task
    /// is destroyed unstarted. The task must own what it uses: no views into the caller.
    void spawn(Executor home, Task<> task);

    /// Asks every task to end: each gets terminal cancellation on its own thread, so its next wait throws
    /// operation_aborted. Tasks spawned later do not start.
    void cancel();

    [[nodiscard]] std::size_t size() const;
    /// Blocks (not for io threads) until no task is left or the limit passes; true when none is left.
    [[nodiscard]] bool wait_until_empty(std::chrono::milliseconds limit);

  private:
    struct Running;
    void ended(std::uint64_t id, std::exception_ptr failure);

    mutable std::mutex mutex_;
    std::condition_variable empty_;
    std::unordered_map<std::uint64_t, std::shared_ptr<Running>>
        running_;  // shared with the posted cancellation
    std::uint64_t next_id_ = 1;
    bool cancelled_ = false;
};

}  // namespace mxcd::async
