#include "homeserver_answer.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/text.hpp"
#include "mxcd/matrix/error.hpp"
#include "mxcd/matrix/json.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

namespace mxcd::remote {

namespace {

using matrix::Json;

constexpr std::size_t max_public_text = 512;
constexpr std::int64_t longest_retry_after = 24 * 60 * 60;

base::UpstreamError undecided(const outbound::OutboundResponse& answer) {
    return base::UpstreamError("the homeserver answered whoami with status " + std::to_string(answer.status) +
                               " and nothing that decides");
}

/// Cut at the start of a character, so that valid UTF-8 stays valid.
std::string capped(std::string text) {
    if (text.size() <= max_public_text) return text;
    std::size_t end = max_public_text;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    return text;
}

bool is_errcode(std::string_view text) {
    const auto is_part = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '.';
    };
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, is_part);
}

std::optional<std::chrono::seconds> retry_after(const outbound::OutboundResponse& answer, const Json& body) {
    std::optional<std::int64_t> wait = base::parse_decimal(answer.header("retry-after").value_or(""));
    if (!wait) {
        const std::optional<std::int64_t> milliseconds = matrix::get_integer(body, "retry_after_ms");
        if (milliseconds && *milliseconds >= 0)
            wait = *milliseconds / 1000 + (*milliseconds % 1000 == 0 ? 0 : 1);
    }
    if (!wait) return std::nullopt;
    return std::chrono::seconds(std::min(*wait, longest_retry_after));
}

matrix::Error too_many(const outbound::OutboundResponse& answer, const Json& body) {
    matrix::Error error(429, "M_LIMIT_EXCEEDED",
                        capped(matrix::get_string(body, "error").value_or("Too many requests")));
    const std::optional<std::chrono::seconds> wait = retry_after(answer, body);
    if (wait) error.with_retry_after(*wait);
    return error;
}

matrix::Error refusal(int status, const std::string& errcode, const Json& body) {
    matrix::Error error(status, errcode,
                        capped(matrix::get_string(body, "error").value_or("Access token refused")));
    const std::optional<bool> soft_logout = matrix::get_bool(body, "soft_logout");
    if (soft_logout) error.with("soft_logout", *soft_logout);
    // A locked user keeps the session. Spec: Client-Server API, "Account locking".
    if (errcode == "M_USER_LOCKED") error.with("soft_logout", true);
    const std::optional<std::string> consent_uri = matrix::get_string(body, "consent_uri");
    if (consent_uri && consent_uri->size() <= 2048) error.with("consent_uri", *consent_uri);
    return error;
}

/// An HTML 401 or 403 comes from a proxy in between and says nothing about the token: undecided.
matrix::Error refusal_in(const outbound::OutboundResponse& answer, const std::optional<Json>& body) {
    if (!body || !body->is_object()) throw undecided(answer);
    const std::optional<std::string> errcode = matrix::get_string(*body, "errcode");
    if (errcode && is_errcode(*errcode) && *errcode != "M_UNRECOGNIZED")
        return refusal(answer.status, *errcode, *body);
    if (errcode || answer.status != 401) throw undecided(answer);
    // A JSON 401 without errcode refuses the token, but whose JSON it is stays open: nobody shall lose keys
    // over it.
    matrix::Error error = refusal(401, "M_UNKNOWN_TOKEN", *body);
    error.with("soft_logout", true);
    return error;
}

media::Identity accepted(const outbound::OutboundResponse& answer, const std::optional<Json>& body) {
    if (!body) throw undecided(answer);
    const std::string user_id = matrix::get_string(*body, "user_id").value_or("");
    std::optional<matrix::UserId> user = matrix::UserId::parse(user_id);
    if (!user) throw undecided(answer);
    const bool is_guest = matrix::get_bool(*body, "is_guest").value_or(false) ||
                          matrix::get_bool(*body, "org.matrix.msc3069.is_guest").value_or(false);
    return media::Identity{.user = *std::move(user), .is_guest = is_guest};
}

}  // namespace

media::Identity identity_in(const outbound::OutboundResponse& answer) {
    const std::optional<Json> body = matrix::parse_json(answer.body);
    switch (answer.status) {
        case 200:
            return accepted(answer, body);
        case 400:
        case 401:
        case 403:
            throw refusal_in(answer, body);
        case 429:
            throw too_many(answer, body.value_or(Json::object()));
        default:
            throw undecided(answer);
    }
}

}  // namespace mxcd::remote
