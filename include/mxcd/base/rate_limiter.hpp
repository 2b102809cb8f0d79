#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/base/recent_map.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace mxcd::base {

/// How often something may be done: `burst_count` times at once, and then `per_second` times a second. The
/// meaning of Synapse's `rc_...` settings.
struct RateLimit {
    double per_second = 1;         // above 0
    std::int64_t burst_count = 1;  // at least 1

    bool operator==(const RateLimit&) const = default;
};

/// A token bucket per key (a user, an address). What is refused costs nothing. Bounded: the key that was used
/// least recently is forgotten, and begins anew with a whole burst. Any thread may call.
class RateLimiter {
  public:
    /// `clock` must outlive the limiter; its time since boot counts, so that jumps of the wall clock neither
    /// fill nor empty a bucket.
    explicit RateLimiter(const Clock& clock, std::size_t max_keys = 65'536);

    /// Takes one from the key's bucket. Nothing when it was there; otherwise nothing was taken, and the
    /// result says after how long one will be there. The limit may differ from call to call (a reload): what
    /// was done before counts on.
    [[nodiscard]] std::optional<std::chrono::milliseconds> spend(const std::string& key,
                                                                 const RateLimit& limit);

    /// What spend() would say, without taking.
    [[nodiscard]] std::optional<std::chrono::milliseconds> wait_of(const std::string& key,
                                                                   const RateLimit& limit);

  private:
    struct Bucket {
        double used = 0;
        std::chrono::milliseconds at{};
    };
    /// The bucket as it is now, after what has flowed back since it was last touched.
    [[nodiscard]] Bucket bucket_of(const std::string& key, const RateLimit& limit);

    const Clock& clock_;
    std::mutex mutex_;
    RecentMap<std::string, Bucket, std::hash<std::string>> buckets_;
};

}  // namespace mxcd::base
