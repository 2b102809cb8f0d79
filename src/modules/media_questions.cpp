#include "media_questions.hpp"

#include "mxcd/base/errors.hpp"

#include "frames.hpp"

#include <optional>
#include <string>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;

/// A piece whose text gets longer is broken off: half of a frame, so that the longest row fits behind it.
constexpr std::size_t longest_text = longest_frame_to_child / 2;

Json position_json(const media::ListPosition& position) { return {position.major, position.minor}; }

media::ListPosition position_of(const Json& question) {
    const Json& after = question.at("after");
    return {after.at(0).get<std::int64_t>(), after.at(1).get<std::int64_t>()};
}

Json row_of(const media::MediaRecord& record) {
    return {record.id.text(),
            record.content_type,
            record.size.value(),
            record.created_at.time_since_epoch().count(),
            record.file_name ? Json(*record.file_name) : Json(),
            record.owner.text(),
            record.quarantined_by ? Json(*record.quarantined_by) : Json(),
            record.is_protected,
            record.needs_authentication,
            record.blob.hex()};
}

Json answer_of(const media::ListPiece& piece, const media::ListPosition& after) {
    Json changed = Json::array();
    for (const media::ChangedMedia& each : piece.changed)
        changed.push_back({each.id.text(), each.record ? row_of(*each.record) : Json()});
    std::size_t length = matrix::to_text(changed).size();
    Json rows = Json::array();
    media::ListPosition end = after;
    for (const media::ListedMedia& each : piece.media) {
        if (length > longest_text) break;
        Json row = row_of(each.record);
        length += matrix::to_text(row).size();
        rows.push_back(std::move(row));
        end = each.position;
    }
    const bool is_last = piece.is_last && rows.size() == piece.media.size();
    return {{"media", std::move(rows)}, {"end", position_json(end)}, {"changed", std::move(changed)},
            {"changes", piece.changes}, {"is_torn", piece.is_torn},  {"is_last", is_last}};
}

/// Somebody whose name is no user ID has nothing.
Json nobodys_media(const Json& question) {
    return {{"media", Json::array()},   {"end", question.at("after")},
            {"changed", Json::array()}, {"changes", question.at("changes")},
            {"is_torn", false},         {"is_last", true}};
}

async::Task<Json> list_media(PythonMedia sources, media::ListRequest request) {
    const media::ListPosition after = request.after;
    const media::ListPiece piece = co_await sources.list.read(std::move(request));
    co_return answer_of(piece, after);
}

async::Task<Json> find_owner(PythonMedia sources, matrix::MediaId media) {
    const std::optional<media::MediaRecord> record = co_await sources.metadata.find(std::move(media));
    co_return Json{{"user_id", record ? Json(record->owner.text()) : Json()}};
}

async::Task<Json> answer(PythonMedia sources, Json question) {
    if (question.contains("owner_of")) {
        std::optional<matrix::MediaId> media =
            matrix::MediaId::parse(question.at("owner_of").get<std::string>());
        if (!media) co_return Json{{"user_id", nullptr}};
        Json owner = co_await find_owner(sources, *std::move(media));
        co_return std::move(owner);
    }
    media::ListRequest request;
    request.after = position_of(question);
    request.changes_seen = matrix::get_integer(question, "changes");
    const Json& user = question.at("media_of");
    if (!user.is_null()) {
        request.owner = matrix::UserId::parse(user.get<std::string>());
        if (!request.owner) co_return nobodys_media(question);
    }
    Json media = co_await list_media(sources, std::move(request));
    co_return std::move(media);
}

}  // namespace

ChildConfig::Answerer answerer_about_media(std::optional<PythonMedia> media) {
    return [media](Json question) {
        if (!media) throw base::UpstreamError("only the running service knows its media");
        return answer(*media, std::move(question));
    };
}

}  // namespace mxcd::modules
