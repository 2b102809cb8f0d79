#include "mxcd/async/task_group.hpp"

#include "mxcd/base/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <cassert>

namespace mxcd::async {

namespace {

constexpr base::Logger logger("async");

void log_failure(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) return;
        logger.error("a task failed", {{"reason", std::string_view(error.what())}});
    } catch (const std::exception& error) {
        logger.error("a task failed", {{"reason", std::string_view(error.what())}});
    }
}

}  // namespace

struct TaskGroup::Running {
    explicit Running(Executor executor) : home(executor) {}
    Executor home;
    asio::cancellation_signal signal;
};

TaskGroup::~TaskGroup() { assert(running_.empty()); }

void TaskGroup::spawn(Executor home, Task<> task) {
    std::shared_ptr<Running> running = std::make_shared<Running>(home);
    std::uint64_t id = 0;
    {
        const std::lock_guard lock(mutex_);
        if (cancelled_) return;
        id = next_id_++;
        running_.emplace(id, running);
    }
    auto on_end = [this, id](std::exception_ptr failure) { ended(id, std::move(failure)); };
    // Bound to the task's own thread, or a cancellation would be delivered on the wrong one.
    asio::co_spawn(
        home, std::move(task),
        asio::bind_executor(home, asio::bind_cancellation_slot(running->signal.slot(), std::move(on_end))));
}

void TaskGroup::ended(std::uint64_t id, std::exception_ptr failure) {
    if (failure) log_failure(failure);
    const std::lock_guard lock(mutex_);
    running_.erase(id);
    if (running_.empty()) empty_.notify_all();
}

void TaskGroup::cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    for (const auto& entry : running_) {
        const std::shared_ptr<Running>& task = entry.second;
        asio::post(task->home, [task] { task->signal.emit(asio::cancellation_type::terminal); });
    }
}

std::size_t TaskGroup::size() const {
    const std::lock_guard lock(mutex_);
    return running_.size();
}

bool TaskGroup::wait_until_empty(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return empty_.wait_for(lock, limit, [this] { return running_.empty(); });
}

}  // namespace mxcd::async
