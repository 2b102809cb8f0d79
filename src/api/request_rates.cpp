#include "request_rates.hpp"

#include "mxcd/matrix/error.hpp"

#include <chrono>
#include <optional>

namespace mxcd::api {

namespace {

constexpr const char* metric = "mxcd_rate_limited_total";
constexpr const char* metric_help = "Requests that were told to wait because their user sent too many";

void spend(base::RateLimiter& limiter, const std::optional<base::RateLimit>& limit,
           const matrix::UserId& user, base::Counter& refused) {
    if (!limit) return;
    const std::optional<std::chrono::milliseconds> wait = limiter.spend(user.text(), *limit);
    if (!wait) return;
    refused.add();
    matrix::Error error(matrix::ErrorCode::limit_exceeded, "Too Many Requests");
    throw error.with_retry_after(*wait);
}

}  // namespace

RequestRates::RequestRates(const base::Clock& clock, base::Metrics& metrics)
    : uploads_(clock),
      creations_(clock),
      refused_uploads_(metrics.counter(metric, metric_help, {{"limit", "upload"}})),
      refused_creations_(metrics.counter(metric, metric_help, {{"limit", "create"}})) {}

void RequestRates::require_allowed(Rate rate, const matrix::UserId& user, const DeskConfig& config) {
    switch (rate) {
        case Rate::unlimited:
            return;
        case Rate::uploads:
            return spend(uploads_, config.upload_rate, user, refused_uploads_);
        case Rate::creations:
            return spend(creations_, config.create_rate, user, refused_creations_);
    }
}

}  // namespace mxcd::api
