#pragma once

#include <chrono>
#include <memory>

namespace mxcd::base {

/// A moment of the wall clock, in milliseconds since the epoch: the unit in which Matrix tells time.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

/// Where time comes from. Every method may be called from any thread.
class Clock {
  public:
    virtual ~Clock() = default;

    /// The wall clock. It can jump in both directions.
    [[nodiscard]] virtual TimePoint now() const = 0;

    /// Time since the machine booted, suspension included. It never goes back.
    [[nodiscard]] virtual std::chrono::milliseconds since_boot() const = 0;
};

[[nodiscard]] std::unique_ptr<Clock> make_system_clock();

/// The clock that upload windows are measured with. It never goes back; and when the wall clock runs more
/// than a minute ahead of the time since boot, it follows the time since boot until both have agreed for ten
/// minutes, so that a jump of the wall clock does not empty all windows at once. `not_before` is the newest
/// moment that was ever committed. `source` must outlive the result.
[[nodiscard]] std::unique_ptr<Clock> make_window_clock(const Clock& source, TimePoint not_before);

}  // namespace mxcd::base
