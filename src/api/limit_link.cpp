#include "limit_link.hpp"

#include "mxcd/base/hash.hpp"
#include "mxcd/base/text.hpp"
#include "mxcd/matrix/json.hpp"

#include <array>
#include <utility>
#include <variant>

namespace mxcd::api {

namespace {

constexpr std::chrono::hours lifetime{24 * 30};
constexpr std::size_t signature_bytes = 16;
/// Far longer than any link of ours.
constexpr std::size_t max_payload = 2048;

/// Keeps a signature from meaning anything elsewhere, should the key ever sign something else.
constexpr std::string_view purpose = "limit-page:";

base::TimePoint time_point(std::int64_t milliseconds) {
    return base::TimePoint(std::chrono::milliseconds(milliseconds));
}

matrix::Json to_json(const LimitFacts& facts) {
    matrix::Json json = matrix::Json::object();
    json["kind"] = facts.kind == LimitFacts::Kind::window ? "window" : "quota";
    json["used"] = facts.used.value();
    json["issued_at"] = facts.issued_at.time_since_epoch().count();
    if (facts.attempted) json["attempted"] = facts.attempted->value();
    if (facts.max_size) json["max"] = facts.max_size->value();
    if (facts.room_at) json["room_at"] = facts.room_at->time_since_epoch().count();
    if (facts.kind == LimitFacts::Kind::window) {
        json["period"] = facts.period.count();
    } else {
        json["files"] = facts.files;
        if (facts.max_files) json["max_files"] = *facts.max_files;
    }
    return json;
}

std::optional<base::ByteCount> get_bytes(const matrix::Json& json, std::string_view key) {
    const std::optional<std::int64_t> bytes = matrix::get_integer(json, key);
    return bytes ? std::optional(base::ByteCount(*bytes)) : std::nullopt;
}

std::optional<LimitFacts> from_json(const matrix::Json& json) {
    const std::optional<std::string> kind = matrix::get_string(json, "kind");
    const std::optional<std::int64_t> issued_at = matrix::get_integer(json, "issued_at");
    if (!kind || !issued_at) return std::nullopt;
    LimitFacts facts;
    facts.kind = *kind == "window" ? LimitFacts::Kind::window : LimitFacts::Kind::quota;
    facts.period = std::chrono::milliseconds(matrix::get_integer(json, "period").value_or(0));
    facts.max_size = get_bytes(json, "max");
    facts.max_files = matrix::get_integer(json, "max_files");
    facts.used = get_bytes(json, "used").value_or(base::ByteCount(0));
    facts.files = matrix::get_integer(json, "files").value_or(0);
    facts.attempted = get_bytes(json, "attempted");
    facts.issued_at = time_point(*issued_at);
    if (const std::optional<std::int64_t> room_at = matrix::get_integer(json, "room_at"))
        facts.room_at = time_point(*room_at);
    return facts;
}

struct FactsOfRefusal {
    LimitFacts operator()(const media::LimitRefusal& refusal) const {
        LimitFacts facts;
        facts.kind = LimitFacts::Kind::window;
        facts.period = refusal.limit.time_period;
        facts.max_size = refusal.limit.max_size;
        facts.used = refusal.sent;
        facts.room_at = refusal.room_at;
        return facts;
    }
    LimitFacts operator()(const media::QuotaRefusal& refusal) const {
        LimitFacts facts;
        facts.kind = LimitFacts::Kind::quota;
        facts.max_size = refusal.quota.max_size;
        facts.max_files = refusal.quota.max_files;
        facts.used = refusal.stored;
        facts.files = refusal.files;
        return facts;
    }
};

}  // namespace

LimitFacts limit_facts_of(const media::UploadLimitExceeded& exceeded, base::TimePoint now) {
    LimitFacts facts = std::visit(FactsOfRefusal(), exceeded.refusal);
    facts.attempted = exceeded.attempted;
    facts.issued_at = now;
    return facts;
}

LimitLinks::LimitLinks(base::Secret key, const base::Clock& clock) : key_(std::move(key)), clock_(clock) {}

std::string LimitLinks::link(std::string_view public_baseurl, const LimitFacts& facts) const {
    const std::string payload = base::to_base64url(matrix::to_text(to_json(facts)));
    std::string link(public_baseurl);
    link += limit_page_path.substr(1);
    link += "?l=" + payload + "&s=" + signature_of(payload);
    return link;
}

std::optional<LimitFacts> LimitLinks::read(std::string_view query) const {
    const std::optional<std::string_view> payload = base::query_value(query, "l");
    const std::optional<std::string_view> signature = base::query_value(query, "s");
    if (!payload || !signature || payload->size() > max_payload) return std::nullopt;
    if (!base::equal_in_constant_time(*signature, signature_of(*payload))) return std::nullopt;
    const std::optional<std::string> text = base::from_base64url(*payload);
    const std::optional<matrix::Json> json = text ? matrix::parse_json(*text) : std::nullopt;
    std::optional<LimitFacts> facts = json ? from_json(*json) : std::nullopt;
    if (!facts || clock_.now() - facts->issued_at > lifetime) return std::nullopt;
    return facts;
}

std::string LimitLinks::signature_of(std::string_view payload) const {
    std::string message(purpose);
    message += payload;
    const base::Sha256Digest digest = base::hmac_sha256(key_.reveal(), message);
    return base::to_base64url(
        std::string_view(reinterpret_cast<const char*>(digest.data()), signature_bytes));
}

}  // namespace mxcd::api
