#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace mxcd::modules {

/// The timers of one plugin, fired one after the other on one thread, which begins with the first of them.
/// Thread-safe.
class PluginTimers {
  public:
    using Fire = void (*)(void* argument);
    static constexpr std::size_t most = 1024;

    PluginTimers() = default;
    ~PluginTimers() { stop(); }
    PluginTimers(const PluginTimers&) = delete;
    PluginTimers& operator=(const PluginTimers&) = delete;

    /// 0 when too many wait already, and after stop().
    std::uint64_t set(std::chrono::milliseconds delay, Fire fire, void* argument);
    /// True when it will not fire.
    bool cancel(std::uint64_t timer);
    /// Waits for the one that fires just now; the others never will. Idempotent.
    void stop();

  private:
    using Moment = std::chrono::steady_clock::time_point;
    struct Timer {
        std::uint64_t number;
        Fire fire;
        void* argument;
    };

    void serve();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::multimap<Moment, Timer> waiting_;
    std::unordered_map<std::uint64_t, std::multimap<Moment, Timer>::iterator> by_number_;
    std::uint64_t next_ = 1;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace mxcd::modules
