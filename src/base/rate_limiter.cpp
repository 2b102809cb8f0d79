#include "mxcd/base/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace mxcd::base {

namespace {

using std::chrono::milliseconds;

/// Many small amounts that flowed back do not quite add up to one.
constexpr double rounding = 1e-6;

/// Nobody is told to wait longer, however slow a bucket fills.
constexpr double longest_wait_ms = 365.0 * 24 * 3600 * 1000;

std::optional<milliseconds> wait_until_one_fits(double used, const RateLimit& limit) {
    const double excess = used + 1 - static_cast<double>(limit.burst_count);
    if (excess <= rounding) return std::nullopt;
    const double wait_ms = std::min(std::ceil(excess / limit.per_second * 1000), longest_wait_ms);
    return milliseconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(wait_ms)));
}

}  // namespace

RateLimiter::RateLimiter(const Clock& clock, std::size_t max_keys) : clock_(clock), buckets_(max_keys) {}

std::optional<milliseconds> RateLimiter::spend(const std::string& key, const RateLimit& limit) {
    const std::lock_guard lock(mutex_);
    Bucket bucket = bucket_of(key, limit);
    const std::optional<milliseconds> wait = wait_until_one_fits(bucket.used, limit);
    if (wait) return wait;
    bucket.used += 1;
    buckets_.put(key, bucket);
    return std::nullopt;
}

std::optional<milliseconds> RateLimiter::wait_of(const std::string& key, const RateLimit& limit) {
    const std::lock_guard lock(mutex_);
    return wait_until_one_fits(bucket_of(key, limit).used, limit);
}

RateLimiter::Bucket RateLimiter::bucket_of(const std::string& key, const RateLimit& limit) {
    const milliseconds now = clock_.since_boot();
    const Bucket* const known = buckets_.find(key);
    if (known == nullptr) return {0, now};
    const double seconds = std::chrono::duration<double>(std::max(now - known->at, milliseconds(0))).count();
    return {std::max(0.0, known->used - seconds * limit.per_second), now};
}

}  // namespace mxcd::base
