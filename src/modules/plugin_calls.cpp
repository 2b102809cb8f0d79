#include "plugin_calls.hpp"

#include <utility>

namespace mxcd::modules {

std::uint64_t PluginCalls::open(std::shared_ptr<PluginCaller> caller, Moment deadline) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t call = next_++;
    open_.emplace(call, Open{std::move(caller), deadline});
    return call;
}

bool PluginCalls::answer(std::uint64_t call, PluginAnswer answer) {
    std::shared_ptr<PluginCaller> caller;
    {
        const std::lock_guard lock(mutex_);
        const auto found = open_.find(call);
        if (found == open_.end()) return false;
        const bool is_late = found->second.deadline <= std::chrono::steady_clock::now();
        caller = std::move(found->second.caller);
        open_.erase(found);
        if (is_late) return false;
    }
    caller->take(std::move(answer));
    return true;
}

void PluginCalls::forget(std::uint64_t call) {
    const std::lock_guard lock(mutex_);
    open_.erase(call);
}

void PluginCalls::forget_late(Moment now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(open_, [now](const auto& each) { return each.second.deadline <= now; });
}

std::optional<PluginCalls::Moment> PluginCalls::deadline(std::uint64_t call) const {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(call);
    if (found == open_.end()) return std::nullopt;
    return found->second.deadline;
}

bool PluginCalls::empty() const {
    const std::lock_guard lock(mutex_);
    return open_.empty();
}

}  // namespace mxcd::modules
