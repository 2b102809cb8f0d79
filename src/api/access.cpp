#include "access.hpp"

#include "mxcd/base/ascii.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/base/text.hpp"
#include "mxcd/matrix/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mxcd::api {

namespace {

constexpr const char* metric = "mxcd_client_auth_failures_total";
constexpr const char* metric_help = "Requests whose sender was not let in";

matrix::Error missing_token(std::string text) {
    return matrix::Error(matrix::ErrorCode::missing_token, std::move(text));
}

std::string_view bearer_token(std::string_view header) {
    constexpr std::string_view scheme = "Bearer ";
    if (!header.starts_with(scheme)) throw missing_token("Invalid Authorization header");
    const std::string_view token = header.substr(scheme.size());
    // It travels on in a header of ours.
    if (token.empty() || !base::is_visible_ascii(token)) throw missing_token("Invalid Authorization header");
    return token;
}

base::Secret query_token_of(std::string_view encoded) {
    std::optional<std::string> token = base::percent_decode(encoded, base::PlusSign::space);
    if (token && token->empty()) throw missing_token("Missing access token");
    if (!token || !base::is_visible_ascii(*token))
        throw matrix::Error(matrix::ErrorCode::unknown_token, "Unrecognised access token");
    return base::Secret(*std::move(token));
}

base::Secret token_of(const http::Request& request, QueryToken query_token) {
    const std::optional<std::string_view> header = request.header("Authorization");
    std::optional<std::string_view> in_query;
    if (query_token == QueryToken::accepted) in_query = base::query_value(request.query, "access_token");
    if (request.header_count("Authorization") > 1) throw missing_token("Too many Authorization headers");
    if (header && in_query)
        throw missing_token("Mixing Authorization headers and access_token query parameters");
    if (header) return base::Secret(std::string(bearer_token(*header)));
    if (in_query) return query_token_of(*in_query);
    throw missing_token("Missing access token");
}

std::optional<std::string> identity_parameter(std::string_view query, std::string_view name) {
    const std::optional<std::string_view> encoded = base::query_value(query, name);
    if (!encoded) return std::nullopt;
    std::optional<std::string> value = base::percent_decode(*encoded, base::PlusSign::space);
    if (!value || !base::is_valid_utf8(*value))
        throw matrix::Error(matrix::ErrorCode::invalid_param, "The asserted identity is not valid UTF-8");
    return value;
}

}  // namespace

media::Credentials read_credentials(const http::Request& request, QueryToken query_token) {
    media::Credentials credentials{.token = token_of(request, query_token),
                                   .acting_user = std::nullopt,
                                   .acting_device = std::nullopt,
                                   .client_address = request.client_address};
    if (request.query.empty()) return credentials;
    credentials.acting_user = identity_parameter(request.query, "user_id");
    credentials.acting_device = identity_parameter(request.query, "device_id");
    // MSC3202's name for it, which application services still send.
    if (!credentials.acting_device)
        credentials.acting_device = identity_parameter(request.query, "org.matrix.msc3202.device_id");
    return credentials;
}

ClientAccess::ClientAccess(media::TokenAuthenticator& authenticator, base::Metrics& metrics)
    : authenticator_(authenticator),
      refused_(metrics.counter(metric, metric_help, {{"reason", "refused"}})),
      unavailable_(metrics.counter(metric, metric_help, {{"reason", "unavailable"}})),
      guests_(metrics.counter(metric, metric_help, {{"reason", "guest"}})),
      suspended_(metrics.counter(metric, metric_help, {{"reason", "suspended"}})) {}

std::optional<media::Identity> ClientAccess::recall(const media::Credentials& credentials) const {
    try {
        return authenticator_.recall(credentials);
    } catch (const matrix::Error&) {
        refused_.add();
        throw;
    }
}

async::Task<media::Identity> ClientAccess::authenticate(media::Credentials credentials) const {
    try {
        media::Identity caller = co_await authenticator_.authenticate(std::move(credentials));
        co_return std::move(caller);
    } catch (const matrix::Error&) {
        refused_.add();
        throw;
    } catch (const base::UpstreamError&) {
        unavailable_.add();
        throw;
    }
}

void ClientAccess::require_admitted(const media::Identity& caller, Access level) const {
    if (caller.is_guest && level != Access::user_or_guest) {
        guests_.add();
        throw matrix::Error(matrix::ErrorCode::guest_access_forbidden, "Guest access not allowed");
    }
    if (level == Access::admin && !caller.is_admin)
        throw matrix::Error(matrix::ErrorCode::forbidden, "You are not a server admin");
    if (caller.is_suspended && level == Access::writer) {
        suspended_.add();
        throw matrix::Error(matrix::ErrorCode::user_suspended, "User account has been suspended");
    }
}

}  // namespace mxcd::api
