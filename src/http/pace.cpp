#include "pace.hpp"

#include <algorithm>

namespace mxcd::http {

void Pace::begin_wait(Moment now, std::int64_t moved) {
    began_ = now;
    if (moved == last_moved_) return;
    last_moved_ = moved;
    quiet_since_ = waited_;
}

void Pace::end_wait(Moment now) { waited_ += now - began_; }

std::optional<Moment> Pace::look(Moment now, std::int64_t moved) {
    const Duration waited = waited_ + (now - began_);
    if (moved != last_moved_) {
        last_moved_ = moved;
        quiet_since_ = waited;
    }
    if (waited - quiet_since_ >= limits_.idle || is_rate_too_low(waited, moved)) return std::nullopt;
    const std::chrono::milliseconds pause = std::min(limits_.idle / 4, std::chrono::milliseconds(1000));
    return now + pause;
}

bool Pace::is_rate_too_low(Duration waited, std::int64_t moved) {
    if (waited < limits_.grace) return false;
    if (!window_began_) {
        window_began_ = waited;
        window_moved_ = moved;
    }
    const auto length = std::chrono::duration_cast<std::chrono::milliseconds>(waited - *window_began_);
    if (length < limits_.window) return false;
    const double least =
        static_cast<double>(limits_.minimum_rate.value()) * static_cast<double>(length.count()) / 1000;
    const bool too_low = static_cast<double>(moved - window_moved_) < least;
    window_began_ = waited;
    window_moved_ = moved;
    return too_low;
}

}  // namespace mxcd::http
