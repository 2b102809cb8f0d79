#pragma once

#include "mxcd/base/random.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace mxcd::modules {

/// Leaves a failing service alone. It opens after five failures in a row, or when at least half of ten or
/// more calls of the last ten seconds failed; 30 s later (a random fifth more or less, so that many breakers
/// do not close together) one probe is let through, and its end decides. Thread-safe.
class Breaker {
  public:
    using Moment = std::chrono::milliseconds;  // of a clock that never goes back

    /// A call that was let through; it must say how it ended, or it counts for nothing.
    class Attempt {
      public:
        Attempt(Breaker& breaker, bool is_probe) : breaker_(&breaker), is_probe_(is_probe) {}
        ~Attempt() {
            if (breaker_ != nullptr && is_probe_) breaker_->give_up_probe();
        }
        Attempt(Attempt&& other) noexcept
            : breaker_(std::exchange(other.breaker_, nullptr)), is_probe_(other.is_probe_) {}
        Attempt& operator=(Attempt&&) = delete;

        void succeeded(Moment now) { std::exchange(breaker_, nullptr)->note(now, false, is_probe_); }
        void failed(Moment now) { std::exchange(breaker_, nullptr)->note(now, true, is_probe_); }

      private:
        Breaker* breaker_;
        bool is_probe_;
    };

    /// `random` must outlive it.
    explicit Breaker(base::RandomSource& random) : random_(random) {}

    /// Nothing while the service is left alone.
    [[nodiscard]] std::optional<Attempt> begin(Moment now);
    [[nodiscard]] bool is_open() const;

  private:
    struct Second {
        std::int64_t at = -1;
        int calls = 0;
        int failures = 0;
    };

    void note(Moment now, bool has_failed, bool was_probe);
    void give_up_probe();
    void count(Moment now, bool has_failed);
    [[nodiscard]] bool fails_too_often(Moment now) const;
    void open(Moment now);
    void close();

    base::RandomSource& random_;
    mutable std::mutex mutex_;
    std::array<Second, 10> window_;
    int failures_in_a_row_ = 0;
    std::optional<Moment> probe_at_;  // set while open
    bool is_probing_ = false;
};

}  // namespace mxcd::modules
