#include "admin_endpoints.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/matrix/error.hpp"

#include "media_path.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mxcd::api {

namespace {

using matrix::Error;
using matrix::ErrorCode;
using matrix::Json;

constexpr std::int64_t default_page = 100;
constexpr std::int64_t largest_page = 1000;
/// Whoever sends it asks somebody else about media that is not here, and hears of it by a 404.
constexpr std::string_view hand_over_header = "X-Mxcd-Hand-Over";

Error unknown_media() { return Error(ErrorCode::not_found, "Unknown media"); }

std::string value_of(std::string_view query, std::string_view key, std::string fallback) {
    const std::optional<std::string_view> encoded = base::query_value(query, key);
    if (!encoded) return fallback;
    // What is no text is none of the values that make sense either.
    return base::percent_decode(*encoded, base::PlusSign::space).value_or("");
}

std::int64_t number_of(std::string_view query, const char* key, std::int64_t fallback) {
    const std::string text = value_of(query, key, std::to_string(fallback));
    const std::optional<std::int64_t> number = base::parse_decimal(text);
    if (!number || *number < 0)
        throw Error(ErrorCode::invalid_param,
                    std::string("Query parameter ") + key + " must be a positive integer");
    return *number;
}

/// The user of our own server that the path names; nothing when it names somebody else, or nobody.
std::optional<matrix::UserId> local_user(const Call& call) {
    std::optional<matrix::UserId> user = matrix::UserId::parse(decoded_segment(call.parameters.at(0)));
    if (!user || user->server() != call.config.server_name.text()) return std::nullopt;
    return user;
}

media::MediaOrder order_in(std::string_view query) {
    using media::MediaOrder;
    // When media was used last is not known here, which is the same for all.
    constexpr std::array orders{std::pair("created_ts", MediaOrder::created_at),
                                std::pair("media_id", MediaOrder::id),
                                std::pair("last_access_ts", MediaOrder::id),
                                std::pair("upload_name", MediaOrder::file_name),
                                std::pair("media_length", MediaOrder::size),
                                std::pair("media_type", MediaOrder::content_type),
                                std::pair("quarantined_by", MediaOrder::quarantined_by),
                                std::pair("safe_from_quarantine", MediaOrder::is_protected)};
    const std::string wanted = value_of(query, "order_by", "created_ts");
    for (const auto& [name, order] : orders)
        if (wanted == name) return order;
    throw Error(ErrorCode::invalid_param, "Query parameter order_by must be one of the properties of media");
}

media::MediaPageRequest page_of(const Call& call) {
    const std::string_view query = call.request.query;
    std::optional<matrix::UserId> user = local_user(call);
    if (!user) throw Error(ErrorCode::bad_request, "Can only look up local users");
    media::MediaPageRequest page{*std::move(user)};
    page.from = number_of(query, "from", 0);
    page.limit = std::min(number_of(query, "limit", default_page), largest_page);
    page.order = order_in(query);
    const bool is_ordered = base::query_value(query, "order_by") || base::query_value(query, "dir");
    const std::string direction = value_of(query, "dir", is_ordered ? "f" : "b");
    if (direction != "f" && direction != "b")
        throw Error(ErrorCode::invalid_param, "Query parameter dir must be one of ['b', 'f']");
    page.is_descending = direction == "b";
    return page;
}

bool names_our_server(const Call& call) {
    return decoded_segment(call.parameters.at(0)) == call.config.server_name.text();
}

Json facts_of(const media::MediaRecord& record) {
    Json facts = Json::object();
    facts["media_id"] = record.id.text();
    facts["user_id"] = record.owner.text();
    facts["media_type"] = record.content_type;
    facts["media_length"] = record.size.value();
    facts["upload_name"] = record.file_name ? Json(*record.file_name) : Json();
    facts["created_ts"] = record.created_at.time_since_epoch().count();
    facts["last_access_ts"] = Json();
    facts["url_cache"] = Json();
    facts["quarantined_by"] = record.quarantined_by ? Json(*record.quarantined_by) : Json();
    facts["safe_from_quarantine"] = record.is_protected;
    facts["authenticated"] = record.needs_authentication;
    facts["sha256"] = record.blob.hex();
    return facts;
}

Json facts_of(const media::PictureFacts& picture) {
    Json facts = Json::object();
    facts["width"] = picture.width;
    facts["height"] = picture.height;
    facts["blurhash"] = picture.blurhash ? Json(*picture.blurhash) : Json();
    return facts;
}

Json deleted(Json ids) {
    Json answer = Json::object();
    answer["total"] = ids.size();
    answer["deleted_media"] = std::move(ids);
    return answer;
}

}  // namespace

async::Task<std::optional<media::MediaRecord>> AdminEndpoints::find(const Call& call) const {
    matrix::MediaId id = media_id_in(call.parameters.at(1));
    if (!names_our_server(call)) co_return std::nullopt;
    co_return co_await moderation_.find(std::move(id));
}

http::Response AdminEndpoints::nothing_to_change(const Call& call) const {
    if (call.request.header(hand_over_header)) throw unknown_media();
    return headers_.json(200, Json::object());
}

async::Task<http::Response> AdminEndpoints::show(const Call& call) const {
    const std::optional<media::MediaRecord> record = co_await find(call);
    if (!record) throw unknown_media();
    Json answer = Json::object();
    answer["media_info"] = facts_of(*record);
    answer["media_info"]["media_origin"] = Json();
    answer["media_info"]["filesystem_id"] = Json();
    const std::optional<media::PictureFacts> picture = co_await thumbnails_.find_picture(record->id);
    if (picture) answer["media_info"]["mxcd.picture"] = facts_of(*picture);
    co_return headers_.json(200, answer);
}

async::Task<http::Response> AdminEndpoints::erase(const Call& call) const {
    if (!names_our_server(call)) throw Error(ErrorCode::bad_request, "Can only delete local media");
    const matrix::MediaId id = media_id_in(call.parameters.at(1));
    const bool was_there = co_await moderation_.erase(id, call.user());
    if (!was_there) throw unknown_media();
    co_return headers_.json(200, deleted(Json::array({id.text()})));
}

async::Task<http::Response> AdminEndpoints::quarantine(const Call& call) const {
    const std::optional<media::MediaRecord> record = co_await find(call);
    if (!record) co_return nothing_to_change(call);
    co_await moderation_.quarantine(record->id, call.user());
    co_return headers_.json(200, Json::object());
}

async::Task<http::Response> AdminEndpoints::unquarantine(const Call& call) const {
    const std::optional<media::MediaRecord> record = co_await find(call);
    if (!record) co_return nothing_to_change(call);
    co_await moderation_.unquarantine(record->id, call.user());
    co_return headers_.json(200, Json::object());
}

async::Task<http::Response> AdminEndpoints::protect(const Call& call) const {
    return set_protected(call, true);
}

async::Task<http::Response> AdminEndpoints::unprotect(const Call& call) const {
    return set_protected(call, false);
}

async::Task<http::Response> AdminEndpoints::set_protected(const Call& call, bool is_protected) const {
    const bool is_there =
        co_await moderation_.set_protected(media_id_in(call.parameters.at(0)), is_protected, call.user());
    // Synapse's words, and not the code that goes with its status.
    if (!is_there) throw Error(404, "M_UNKNOWN", "No row found (local_media_repository)");
    co_return headers_.json(200, Json::object());
}

async::Task<http::Response> AdminEndpoints::quarantine_user(const Call& call) const {
    const std::optional<matrix::UserId> user = local_user(call);
    Json answer = Json::object();
    answer["num_quarantined"] = 0;
    if (user) answer["num_quarantined"] = co_await moderation_.quarantine_all_of(*user, call.user());
    co_return headers_.json(200, answer);
}

async::Task<http::Response> AdminEndpoints::user_media(const Call& call) const {
    const media::MediaPageRequest request = page_of(call);
    const media::MediaPage page = co_await moderation_.media_of(request);
    Json answer = Json::object();
    answer["media"] = Json::array();
    for (const media::MediaRecord& record : page.media) answer["media"].push_back(facts_of(record));
    answer["total"] = page.total;
    const std::int64_t next = request.from + std::ssize(page.media);
    if (!page.media.empty() && next < page.total) answer["next_token"] = next;
    co_return headers_.json(200, answer);
}

async::Task<http::Response> AdminEndpoints::erase_user_media(const Call& call) const {
    const media::MediaPage page = co_await moderation_.media_of(page_of(call));
    Json ids = Json::array();
    for (const media::MediaRecord& record : page.media) {
        const bool was_there = co_await moderation_.erase(record.id, call.user());
        if (was_there) ids.push_back(record.id.text());
    }
    co_return headers_.json(200, deleted(std::move(ids)));
}

}  // namespace mxcd::api
