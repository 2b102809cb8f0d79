#include "plugin_timers.hpp"

#include <utility>

namespace mxcd::modules {

std::uint64_t PluginTimers::set(std::chrono::milliseconds delay, Fire fire, void* argument) {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || fire == nullptr || waiting_.size() >= most) return 0;
    const std::uint64_t number = next_++;
    const Moment due = std::chrono::steady_clock::now() + delay;
    by_number_.emplace(number, waiting_.emplace(due, Timer{number, fire, argument}));
    if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
    changed_.notify_one();
    return number;
}

bool PluginTimers::cancel(std::uint64_t timer) {
    const std::lock_guard lock(mutex_);
    const auto found = by_number_.find(timer);
    if (found == by_number_.end()) return false;
    waiting_.erase(found->second);
    by_number_.erase(found);
    return true;
}

void PluginTimers::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
}

void PluginTimers::serve() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        if (waiting_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const auto first = waiting_.begin();
        if (const Moment due = first->first; std::chrono::steady_clock::now() < due) {
            changed_.wait_until(lock, due);
            continue;
        }
        const Timer timer = first->second;
        by_number_.erase(timer.number);
        waiting_.erase(first);
        lock.unlock();
        try {
            timer.fire(timer.argument);
        } catch (...) {
            // A plugin's own exception. Its call, if this was about one, is answered by the deadline.
        }
        lock.lock();
    }
}

}  // namespace mxcd::modules
