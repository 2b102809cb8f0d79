#pragma once

#include "mxcd/async/task_group.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/secret.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/token_authenticator.hpp"
#include "mxcd/outbound/client.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::remote {

struct StaticToken {
    base::Secret token;
    matrix::UserId user;
    bool is_guest = false;
    bool is_admin = false;
};

struct IntrospectionConfig {
    std::string endpoint;
    std::string client_id;  // empty: the secret is sent as a bearer token (MAS shared secret)
    base::Secret client_secret;
};

struct AuthConfig {
    std::string homeserver_url;  // may be empty when only static tokens are used
    std::chrono::milliseconds cache_ttl{120'000};
    std::chrono::milliseconds timeout{10'000};
    std::optional<IntrospectionConfig> introspection;
    std::vector<StaticToken> static_tokens;
    std::vector<matrix::UserId> admins;
    /// A server admin's access token: with it the homeserver is asked whether a user is suspended. Empty: no.
    base::Secret admin_token;
    std::string server_name;  // introspection answers localparts
};

/// Asks the homeserver's `/account/whoami` about every token. Spec: Client-Server v1.2, GET
/// /_matrix/client/v3/account/whoami.
[[nodiscard]] std::unique_ptr<media::TokenAuthenticator> make_whoami_authenticator(const AuthConfig& config,
                                                                                   outbound::Client& client);

/// Asks an OAuth 2.0 introspection endpoint (RFC 7662), and `fallback` about tokens that it does not know as
/// Matrix access tokens (application services).
[[nodiscard]] std::unique_ptr<media::TokenAuthenticator> make_introspection_authenticator(
    const AuthConfig& config, outbound::Client& client, media::TokenAuthenticator& fallback);

/// Adds to the answers of `source` whether the user is suspended, as the homeserver tells the owner of
/// `admin_token`. A homeserver that does not tell (no such endpoint, no admin) suspends nobody, which is
/// logged as an error; one that does not answer is a base::UpstreamError. Spec: Client-Server API v1.18, GET
/// /_matrix/client/v1/admin/suspend/{userId}; Synapse's own admin API is asked where that is missing.
[[nodiscard]] std::unique_ptr<media::TokenAuthenticator> make_suspension_check(
    const AuthConfig& config, outbound::Client& client, media::TokenAuthenticator& source);

/// Keeps those who guess tokens from the homeserver: an address whose tokens were refused (401) more than 50
/// times at once, or 10 times a second, gets 429 M_LIMIT_EXCEEDED and is not asked about until it has waited.
/// IPv6 addresses count by their /64. Without the client's address (UNIX socket, loopback: a reverse proxy
/// that does not say whose request it is) nothing is counted. Stands below the cache, so that known tokens go
/// on.
[[nodiscard]] std::unique_ptr<media::TokenAuthenticator> make_guessing_brake(
    media::TokenAuthenticator& source, const base::Clock& clock, base::Metrics& metrics);

/// Knows the configured tokens, and asks `fallback` (null: 401) about others.
[[nodiscard]] std::unique_ptr<media::TokenAuthenticator> make_static_authenticator(
    const AuthConfig& config, media::TokenAuthenticator* fallback);

struct CacheConfig {
    std::chrono::milliseconds ttl{120'000};
    std::chrono::milliseconds negative_ttl{2'000};
    std::size_t max_entries = 65'536;
};

/// Remembers answers: identities for `ttl` (after half of it a use re-asks in the background, and only a
/// definite no ends the entry), definite refusals (401) for `negative_ttl`, anything else not at all.
/// Bounded, least recently used goes first; keyed with acting user and device; one question per key at a
/// time. `background` owns the asking, goes on when a client leaves, and must be empty before the cache goes.
[[nodiscard]] std::unique_ptr<media::TokenAuthenticator> make_caching_authenticator(
    const CacheConfig& config, media::TokenAuthenticator& source, const base::Clock& clock,
    async::TaskGroup& background, base::Metrics& metrics);

/// Passes questions on and remembers whether the last one was answered. For the health report: it asks
/// nothing itself. Stands between the cache and whoever asks the homeserver.
class ReachabilityWatch : public media::TokenAuthenticator {
  public:
    /// False after a question that nobody answered (base::UpstreamError), true after an answer, refusals
    /// included, and before the first question. Any thread may call.
    [[nodiscard]] virtual bool is_reachable() const = 0;
};

/// Sets the gauge `mxcd_homeserver_up` and logs when reachability changes.
[[nodiscard]] std::unique_ptr<ReachabilityWatch> make_reachability_watch(media::TokenAuthenticator& source,
                                                                         base::Metrics& metrics);

}  // namespace mxcd::remote
