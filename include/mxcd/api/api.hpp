#pragma once

#include "mxcd/async/task_group.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/rate_limiter.hpp"
#include "mxcd/base/secret.hpp"
#include "mxcd/http/handler.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/media/arrivals.hpp"
#include "mxcd/media/downloads.hpp"
#include "mxcd/media/file_offers.hpp"
#include "mxcd/media/moderation.hpp"
#include "mxcd/media/thumbnails.hpp"
#include "mxcd/media/token_authenticator.hpp"
#include "mxcd/media/uploads.hpp"
#include "mxcd/media/usage.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::api {

/// The routes that a listener serves; bits of http::ResourceMask.
enum Resource : http::ResourceMask {
    resource_media = 1U << 0U,
    resource_federation = 1U << 1U,
    resource_admin = 1U << 2U,
    resource_metrics = 1U << 3U,
    resource_health = 1U << 4U,
    /// The control socket in the store's folder, for `mxcd backup`.
    resource_control = 1U << 5U,
    /// A loopback port for modules that fetch the files that they are asked about.
    resource_offered_files = 1U << 6U,
};

enum class LimitExceededResponse : std::uint8_t {
    user_limit,      // 403 M_USER_LIMIT_EXCEEDED with info_uri
    synapse_legacy,  // 400 M_RESOURCE_LIMIT_EXCEEDED
};

/// Proposals that are not in the specification yet, each off unless the operator switches it on: bits of an
/// ExperimentMask.
enum Experiment : std::uint32_t {
    msc2278 = 1U << 0U,  // DELETE of a download deletes it
    msc4322 = 1U << 1U,  // redacting one's own media
    msc4425 = 1U << 2U,  // ephemeral media
    msc2448 = 1U << 3U,  // an upload's answer with the picture's BlurHash
};
using ExperimentMask = std::uint32_t;

struct DeskConfig {
    matrix::ServerName server_name;
    std::string public_baseurl;  // ends with '/'
    bool access_token_in_query = true;
    LimitExceededResponse limit_exceeded_response = LimitExceededResponse::user_limit;
    /// The old download routes, which ask for no token, give out only what was uploaded while this was off.
    bool enable_authenticated_media = true;
    std::vector<std::string> unauthenticated_media = {};  // mxc URIs that they give out all the same
    ExperimentMask experiments = 0;
    /// Uploads of each user (rc_media_upload); nothing: as many as they like.
    std::optional<base::RateLimit> upload_rate = std::nullopt;
    /// Media IDs that each user creates (rc_media_create).
    base::RateLimit create_rate{10, 50};
};

/// One dependency in the readiness report.
struct HealthFinding {
    std::string name;
    bool is_healthy = true;
    /// False for dependencies that only degrade the service (homeserver, modules).
    bool is_required = true;
};

/// What the operator's routes need; built by app.
struct Operations {
    std::function<async::Task<std::vector<HealthFinding>>()> health;
    std::function<std::string()> metrics_text;  // Prometheus text format
    /// Copies database and store into a folder; fractions from 0 to 1, from any thread. What it throws as
    /// base::StorageError is told to the operator word by word.
    std::function<async::Task<>(std::string folder, std::function<void(double)> progress)> back_up;
};

struct ApiDependencies {
    media::TokenAuthenticator& authenticator;
    media::Uploads& uploads;
    media::Downloads& downloads;
    media::Arrivals& arrivals;
    media::FileOffers& offers;
    media::Thumbnails& thumbnails;
    media::Moderation& moderation;
    media::Usage& usage;
    const base::Clock& clock;
    base::Metrics& metrics;
    /// Signs the links to the limit page; 32 bytes.
    base::Secret link_key;
    Operations operations;
    /// Owns a running backup; cancelled and empty before the desk is destroyed.
    async::TaskGroup& background;
};

/// The desk: Matrix endpoints on top of the door. One route table, one access check, one error table, one
/// place for CORS and security headers. Local media only, because there is no federation: another server's
/// name is 404 M_NOT_FOUND, which a reverse proxy can hand on to the homeserver.
class Api : public http::Handler {
  public:
    /// Replaces the settings at once; a request that began under the old ones ends under them. Any thread.
    virtual void reconfigure(DeskConfig config) = 0;
};

[[nodiscard]] std::unique_ptr<Api> make_api(DeskConfig config, ApiDependencies dependencies);

}  // namespace mxcd::api
