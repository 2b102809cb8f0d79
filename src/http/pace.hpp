#pragma once

#include "mxcd/base/byte_count.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace mxcd::http {

using SteadyClock = std::chrono::steady_clock;
using Moment = SteadyClock::time_point;

struct PaceLimits {
    std::chrono::milliseconds idle;
    base::ByteCount minimum_rate;     // per second
    std::chrono::milliseconds grace;  // before the rate counts
    std::chrono::milliseconds window;
};

/// Judges whether a peer moves bytes fast enough. Only time spent waiting for the peer counts, so a slow disk
/// of ours is never held against it. `moved` is always the total so far, what the kernel holds included.
class Pace {
  public:
    explicit Pace(const PaceLimits& limits) : limits_(limits) {}

    void begin_wait(Moment now, std::int64_t moved);
    void end_wait(Moment now);
    /// During a wait: when to look again, or nothing when the peer is too slow.
    [[nodiscard]] std::optional<Moment> look(Moment now, std::int64_t moved);

  private:
    using Duration = SteadyClock::duration;
    [[nodiscard]] bool is_rate_too_low(Duration waited, std::int64_t moved);

    PaceLimits limits_;
    Duration waited_{0};  // in earlier waits
    Moment began_;
    std::int64_t last_moved_ = 0;
    Duration quiet_since_{0};
    std::optional<Duration> window_began_;
    std::int64_t window_moved_ = 0;
};

}  // namespace mxcd::http
