#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/base/secret.hpp"
#include "mxcd/media/file_offers.hpp"
#include "mxcd/media/media_module.hpp"
#include "mxcd/outbound/client.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace mxcd::modules {

struct WebhookConfig {
    std::string name;     // for metrics
    std::string url;      // http or https
    base::Secret secret;  // signs the calls; empty: they are not signed
    std::chrono::milliseconds timeout{5000};
    /// How long an answer about a user (config, permission, limits) is remembered; zero: not at all.
    std::chrono::milliseconds cache_ttl{0};
};

/// All of them outlive the module and its calls.
struct WebhookDependencies {
    outbound::Client& client;
    const base::Clock& clock;
    base::RandomSource& random;
    media::FileOffers& files;
    base::Metrics& metrics;
};

/// A module at the other end of HTTP (contract section 5): each callback is a POST of {"callback": NAME,
/// ...arguments}, signed with `X-Mxcd-Signature` and named with `Idempotency-Key`, answered with {"result":
/// VALUE} or {"error": {status, errcode, error}}. check_media_file has the facts and `url`, where the bytes
/// can be fetched once while the call lasts (null when they cannot).
///
/// A webhook that fails five times in a row, or in at least half of ten or more calls within ten seconds, is
/// left alone for about 30 seconds; then one call tries. Until it succeeds all others fail at once.
[[nodiscard]] std::shared_ptr<media::MediaModule> make_webhook(WebhookConfig config,
                                                               WebhookDependencies dependencies);

}  // namespace mxcd::modules
