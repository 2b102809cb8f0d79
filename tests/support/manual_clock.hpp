#pragma once

#include "mxcd/base/clock.hpp"

#include <atomic>
#include <chrono>

namespace mxcd::test {

/// A clock that stands until it is moved. Wall time and time since boot can be moved apart.
class ManualClock final : public base::Clock {
  public:
    explicit ManualClock(
        base::TimePoint start = base::TimePoint(std::chrono::milliseconds(1'700'000'000'000)))
        : now_(start.time_since_epoch().count()) {}

    [[nodiscard]] base::TimePoint now() const override {
        return base::TimePoint(std::chrono::milliseconds(now_.load()));
    }
    [[nodiscard]] std::chrono::milliseconds since_boot() const override {
        return std::chrono::milliseconds(boot_.load());
    }

    void advance(std::chrono::milliseconds by) {
        now_ += by.count();
        boot_ += by.count();
    }
    void jump_wall(std::chrono::milliseconds by) { now_ += by.count(); }

  private:
    std::atomic<std::int64_t> now_;
    std::atomic<std::int64_t> boot_ = 1'000'000;
};

}  // namespace mxcd::test
