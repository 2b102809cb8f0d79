#pragma once

#include "mxcd/async/task.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace mxcd::async {

/// The io threads: one io_context each, run by one thread each. Services that tasks use must outlive this
/// object, because tasks that still wait are destroyed with it.
class IoThreads {
  public:
    explicit IoThreads(std::size_t count);
    ~IoThreads();
    IoThreads(const IoThreads&) = delete;
    IoThreads& operator=(const IoThreads&) = delete;

    [[nodiscard]] std::size_t size() const { return contexts_.size(); }
    [[nodiscard]] Executor executor(std::size_t index) { return contexts_.at(index)->get_executor(); }

    void start();
    /// Stops the loops, tasks unfinished or not, and joins. Idempotent.
    void stop();

  private:
    using WorkGuard = asio::executor_work_guard<Executor>;
    std::vector<std::unique_ptr<asio::io_context>> contexts_;
    std::vector<WorkGuard> work_;
    std::vector<std::thread> threads_;
};

}  // namespace mxcd::async
