#include "authentication.hpp"

#include <utility>

namespace mxcd::app {

namespace {

bool is_same(const std::optional<remote::IntrospectionConfig>& left,
             const std::optional<remote::IntrospectionConfig>& right) {
    if (!left || !right) return left.has_value() == right.has_value();
    return left->endpoint == right->endpoint && left->client_id == right->client_id &&
           left->client_secret.reveal() == right->client_secret.reveal();
}

bool is_same_upstream(const remote::AuthConfig& left, const remote::AuthConfig& right) {
    return left.homeserver_url == right.homeserver_url && left.cache_ttl == right.cache_ttl &&
           left.timeout == right.timeout && left.admins == right.admins &&
           left.server_name == right.server_name && left.admin_token.reveal() == right.admin_token.reveal() &&
           is_same(left.introspection, right.introspection);
}

}  // namespace

/// Whoever knows tokens that are not in the configuration, and the cache over it.
struct Authentication::Upstream {
    Upstream(const remote::AuthConfig& from, const AuthenticationDependencies& dependencies)
        : config(from), whoami(remote::make_whoami_authenticator(config, dependencies.client)) {
        if (config.introspection)
            introspection = remote::make_introspection_authenticator(config, dependencies.client, *whoami);
        media::TokenAuthenticator* source = introspection ? introspection.get() : whoami.get();
        if (!config.admin_token.empty()) {
            suspension = remote::make_suspension_check(config, dependencies.client, *source);
            source = suspension.get();
        }
        watched = remote::make_reachability_watch(*source, dependencies.metrics);
        brake = remote::make_guessing_brake(*watched, dependencies.clock, dependencies.metrics);
        remote::CacheConfig cache_config;
        cache_config.ttl = config.cache_ttl;
        cache = remote::make_caching_authenticator(cache_config, *brake, dependencies.clock,
                                                   dependencies.background, dependencies.metrics);
    }

    remote::AuthConfig config;
    std::unique_ptr<media::TokenAuthenticator> whoami;
    std::unique_ptr<media::TokenAuthenticator> introspection;
    std::unique_ptr<media::TokenAuthenticator> suspension;  // null without an admin's token
    std::unique_ptr<remote::ReachabilityWatch> watched;
    std::unique_ptr<media::TokenAuthenticator> brake;
    std::unique_ptr<media::TokenAuthenticator> cache;
};

/// What requests meet first.
struct Authentication::Front {
    std::unique_ptr<media::TokenAuthenticator> static_tokens;
    const Upstream* upstream;  // null without a homeserver
};

Authentication::Authentication(const remote::AuthConfig& config, AuthenticationDependencies dependencies)
    : dependencies_(dependencies), front_(make_front(config)) {}

Authentication::~Authentication() = default;

std::optional<media::Identity> Authentication::recall(const media::Credentials& credentials) {
    return front_.get()->static_tokens->recall(credentials);
}

async::Task<media::Identity> Authentication::authenticate(media::Credentials credentials) {
    const std::shared_ptr<const Front> front = front_.get();
    media::Identity identity = co_await front->static_tokens->authenticate(std::move(credentials));
    co_return identity;
}

Authentication::Upstream& Authentication::use_upstream(const remote::AuthConfig& config) {
    for (const std::unique_ptr<Upstream>& upstream : upstreams_) {
        if (is_same_upstream(upstream->config, config)) return *upstream;
    }
    return *upstreams_.emplace_back(std::make_unique<Upstream>(config, dependencies_));
}

Authentication::Front Authentication::make_front(const remote::AuthConfig& config) {
    const Upstream* const upstream = config.homeserver_url.empty() ? nullptr : &use_upstream(config);
    return {remote::make_static_authenticator(config, upstream == nullptr ? nullptr : upstream->cache.get()),
            upstream};
}

void Authentication::reconfigure(const remote::AuthConfig& config) { front_.replace(make_front(config)); }

bool Authentication::is_homeserver_answering() const {
    const std::shared_ptr<const Front> front = front_.get();
    return front->upstream == nullptr || front->upstream->watched->is_reachable();
}

}  // namespace mxcd::app
