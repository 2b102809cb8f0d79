#include "mxcd/base/clock.hpp"

#include "mxcd/base/log.hpp"

#include <time.h>

#include <algorithm>
#include <mutex>

namespace mxcd::base {

namespace {

using std::chrono::milliseconds;

constexpr Logger logger("clock");

/// How far the wall clock may run ahead before it is doubted.
constexpr milliseconds tolerated_lead = std::chrono::minutes(1);
/// How long the wall clock must keep one distance to the time since boot until that distance is believed.
constexpr milliseconds probation = std::chrono::minutes(10);
/// The two clocks are not read at one moment, so small differences of the distance mean nothing.
constexpr milliseconds reading_error = std::chrono::seconds(1);

class SystemClock final : public Clock {
  public:
    [[nodiscard]] TimePoint now() const override {
        return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
    }

    [[nodiscard]] milliseconds since_boot() const override {
        timespec time{};
        clock_gettime(CLOCK_BOOTTIME, &time);
        return std::chrono::seconds(time.tv_sec) +
               std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(time.tv_nsec));
    }
};

/// Works on the distance between the two clocks. Slewing moves both alike, so the distance changes only when
/// somebody sets the wall clock.
class WindowClock final : public Clock {
  public:
    WindowClock(const Clock& source, TimePoint not_before)
        : source_(source), newest_(not_before), believed_(distance(read())), candidate_(believed_) {
        candidate_since_ = source_.since_boot();
    }

    [[nodiscard]] TimePoint now() const override {
        const std::lock_guard lock(mutex_);
        const Reading reading = read();
        judge(reading);
        newest_ = std::max(newest_, is_ahead_ ? TimePoint(reading.boot + believed_) : reading.wall);
        return newest_;
    }

    [[nodiscard]] milliseconds since_boot() const override { return source_.since_boot(); }

  private:
    struct Reading {
        TimePoint wall;
        milliseconds boot;
    };

    [[nodiscard]] Reading read() const { return {source_.now(), source_.since_boot()}; }
    [[nodiscard]] static milliseconds distance(const Reading& reading) {
        return reading.wall.time_since_epoch() - reading.boot;
    }

    void judge(const Reading& reading) const {
        const milliseconds seen = distance(reading);
        if (std::chrono::abs(seen - candidate_) > reading_error) {
            candidate_ = seen;
            candidate_since_ = reading.boot;
        }
        if (reading.boot - candidate_since_ >= probation) believed_ = candidate_;

        const bool was_ahead = is_ahead_;
        is_ahead_ = seen - believed_ > tolerated_lead;
        if (is_ahead_ && !was_ahead)
            logger.error("the wall clock jumped ahead; upload windows follow the time since boot",
                         {{"lead_ms", std::int64_t{(seen - believed_).count()}}});
        if (was_ahead && !is_ahead_) logger.info("upload windows follow the wall clock again");
    }

    const Clock& source_;
    mutable std::mutex mutex_;
    mutable TimePoint newest_;
    mutable milliseconds believed_;
    mutable milliseconds candidate_;
    mutable milliseconds candidate_since_{0};
    mutable bool is_ahead_ = false;
};

}  // namespace

std::unique_ptr<Clock> make_system_clock() { return std::make_unique<SystemClock>(); }

std::unique_ptr<Clock> make_window_clock(const Clock& source, TimePoint not_before) {
    return std::make_unique<WindowClock>(source, not_before);
}

}  // namespace mxcd::base
