#pragma once

#include "mxcd/api/api.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/rate_limiter.hpp"
#include "mxcd/matrix/ids.hpp"

#include <cstdint>

namespace mxcd::api {

/// Which of the operator's request limits a route is under.
enum class Rate : std::uint8_t {
    unlimited,
    uploads,    // rc_media_upload
    creations,  // rc_media_create
};

/// Counts users' requests against the configured rates. Spec: Client-Server API, "Rate limiting".
class RequestRates {
  public:
    RequestRates(const base::Clock& clock, base::Metrics& metrics);

    /// Throws matrix::Error 429 M_LIMIT_EXCEEDED, with Retry-After and `retry_after_ms`, when the user has to
    /// wait. Any thread may call.
    void require_allowed(Rate rate, const matrix::UserId& user, const DeskConfig& config);

  private:
    base::RateLimiter uploads_;
    base::RateLimiter creations_;
    base::Counter& refused_uploads_;
    base::Counter& refused_creations_;
};

}  // namespace mxcd::api
