#include "mxcd/base/errors.hpp"
#include "mxcd/base/hash.hpp"
#include "mxcd/base/text.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/remote/authenticators.hpp"

#include "token_rules.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace mxcd::remote {

namespace {

using matrix::Json;

/// What the scopes of a token say. Spec: MSC2967; the `org.matrix` names are its unstable ones.
struct Scopes {
    bool has_client_api = false;
    bool has_admin = false;
    std::set<std::string, std::less<>> devices;
};

void add_device(Scopes& scopes, std::string_view scope) {
    for (const std::string_view prefix :
         {"urn:matrix:client:device:", "urn:matrix:org.matrix.msc2967.client:device:"})
        if (scope.starts_with(prefix)) scopes.devices.emplace(scope.substr(prefix.size()));
}

Scopes parse_scopes(std::string_view list) {
    Scopes scopes;
    while (!list.empty()) {
        const std::string_view scope = list.substr(0, list.find(' '));
        list.remove_prefix(std::min(scope.size() + 1, list.size()));
        if (scope == "urn:matrix:client:api:*" || scope == "urn:matrix:org.matrix.msc2967.client:api:*")
            scopes.has_client_api = true;
        if (scope == "urn:synapse:admin:*") scopes.has_admin = true;
        add_device(scopes, scope);
    }
    return scopes;
}

/// RFC 4648 section 4, as HTTP Basic wants it.
std::string to_base64(std::string_view bytes) {
    std::string text = base::to_base64url(bytes);
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    text.resize((text.size() + 3) / 4 * 4, '=');
    return text;
}

/// Source: RFC 6749 section 2.3.1 (both parts are form-encoded before they are joined).
std::string authorization(const IntrospectionConfig& config) {
    if (config.client_id.empty())
        return "Authorization: Bearer " + std::string(config.client_secret.reveal());
    return "Authorization: Basic " + to_base64(base::percent_encode(config.client_id) + ":" +
                                               base::percent_encode(config.client_secret.reveal()));
}

class IntrospectionAuthenticator final : public media::TokenAuthenticator {
  public:
    IntrospectionAuthenticator(const AuthConfig& config, outbound::Client& client,
                               media::TokenAuthenticator& fallback)
        : config_(config), client_(client), fallback_(fallback) {}

    async::Task<media::Identity> authenticate(media::Credentials credentials) override;

  private:
    [[nodiscard]] outbound::OutboundRequest question(const base::Secret& token) const;
    [[nodiscard]] media::Identity identity_in(const Json& answer) const;

    const AuthConfig config_;
    outbound::Client& client_;
    media::TokenAuthenticator& fallback_;
};

outbound::OutboundRequest IntrospectionAuthenticator::question(const base::Secret& token) const {
    const IntrospectionConfig& introspection = config_.introspection.value();
    outbound::OutboundRequest request;
    request.method = "POST";
    request.url = introspection.endpoint;
    request.headers = {authorization(introspection), "Accept: application/json",
                       "X-MAS-Supports-Device-Id: 1"};
    request.body = "token=" + base::percent_encode(token.reveal()) + "&token_type_hint=access_token";
    request.content_type = "application/x-www-form-urlencoded";
    request.deadline = config_.timeout;
    request.reach = outbound::Reach::operator_configured;
    return request;
}

/// The identity behind an active token.
media::Identity IntrospectionAuthenticator::identity_in(const Json& answer) const {
    const std::string scope = matrix::get_string(answer, "scope").value_or("");
    const Scopes scopes = parse_scopes(scope);
    if (!scopes.has_client_api) throw unknown_token();
    const std::optional<std::int64_t> expires_in = matrix::get_integer(answer, "expires_in");
    if (expires_in && *expires_in <= 0) throw unknown_token();
    const std::string username = matrix::get_string(answer, "username").value_or("");
    std::optional<matrix::UserId> user;
    if (!username.empty()) user = matrix::UserId::parse("@" + username + ":" + config_.server_name);
    // The token is good, and still nobody can act on it: our setup is broken, not the client's session.
    if (!user || scopes.devices.size() > 1)
        throw matrix::Error(matrix::ErrorCode::internal, "The access token's scope or user is not usable");
    media::Identity identity{.user = *std::move(user)};
    identity.is_admin = scopes.has_admin || is_listed_admin(config_, identity.user);
    if (expires_in) identity.valid_for = std::chrono::seconds(*expires_in);
    return identity;
}

async::Task<media::Identity> IntrospectionAuthenticator::authenticate(media::Credentials credentials) {
    if (!can_be_a_token(credentials.token.reveal())) throw unknown_token();
    const outbound::OutboundResponse answer = co_await client_.send(question(credentials.token));
    // Any other status, 401 included, is about our own credentials and not about the client's token.
    if (answer.status != 200)
        throw base::UpstreamError("the introspection endpoint answered with status " +
                                  std::to_string(answer.status));
    const std::optional<Json> body = matrix::parse_json(answer.body);
    const std::optional<bool> is_active = body ? matrix::get_bool(*body, "active") : std::nullopt;
    if (!is_active)
        throw base::UpstreamError(
            "the introspection endpoint's answer does not say whether a token is active");
    if (*is_active) co_return identity_in(*body);
    // Application services' tokens are unknown there; the homeserver decides.
    media::Identity identity = co_await fallback_.authenticate(std::move(credentials));
    co_return identity;
}

}  // namespace

std::unique_ptr<media::TokenAuthenticator> make_introspection_authenticator(
    const AuthConfig& config, outbound::Client& client, media::TokenAuthenticator& fallback) {
    return std::make_unique<IntrospectionAuthenticator>(config, client, fallback);
}

}  // namespace mxcd::remote
