#include "breaker.hpp"

#include <span>

namespace mxcd::modules {

namespace {

constexpr int most_failures_in_a_row = 5;
constexpr int fewest_calls_to_judge = 10;
constexpr std::int64_t rest_ms = 30'000;
constexpr std::int64_t jitter_ms = rest_ms / 5;

std::int64_t second_of(Breaker::Moment now) { return now.count() / 1000; }

}  // namespace

std::optional<Breaker::Attempt> Breaker::begin(Moment now) {
    const std::lock_guard lock(mutex_);
    if (!probe_at_) return std::optional<Attempt>(std::in_place, *this, false);
    if (is_probing_ || now < *probe_at_) return std::nullopt;
    is_probing_ = true;
    return std::optional<Attempt>(std::in_place, *this, true);
}

bool Breaker::is_open() const {
    const std::lock_guard lock(mutex_);
    return probe_at_.has_value();
}

void Breaker::note(Moment now, bool has_failed, bool was_probe) {
    const std::lock_guard lock(mutex_);
    if (was_probe) {
        is_probing_ = false;
        return has_failed ? open(now) : close();
    }
    if (probe_at_) return;  // a call from before it opened
    count(now, has_failed);
    if (has_failed && (failures_in_a_row_ >= most_failures_in_a_row || fails_too_often(now))) open(now);
}

void Breaker::give_up_probe() {
    const std::lock_guard lock(mutex_);
    is_probing_ = false;
}

void Breaker::count(Moment now, bool has_failed) {
    failures_in_a_row_ = has_failed ? failures_in_a_row_ + 1 : 0;
    const std::int64_t second = second_of(now);
    Second& slot = window_.at(static_cast<std::size_t>(second) % window_.size());
    if (slot.at != second) slot = Second{second, 0, 0};
    ++slot.calls;
    if (has_failed) ++slot.failures;
}

bool Breaker::fails_too_often(Moment now) const {
    const std::int64_t oldest = second_of(now) - static_cast<std::int64_t>(window_.size()) + 1;
    int calls = 0;
    int failures = 0;
    for (const Second& second : window_) {
        if (second.at < oldest) continue;
        calls += second.calls;
        failures += second.failures;
    }
    return calls >= fewest_calls_to_judge && 2 * failures >= calls;
}

void Breaker::open(Moment now) {
    std::uint32_t dice = 0;
    random_.fill(std::as_writable_bytes(std::span(&dice, 1)));
    probe_at_ = now + Moment(rest_ms - jitter_ms + static_cast<std::int64_t>(dice) % (2 * jitter_ms + 1));
}

void Breaker::close() {
    probe_at_.reset();
    failures_in_a_row_ = 0;
    window_ = {};
}

}  // namespace mxcd::modules
