#include "callback_json.hpp"

#include <chrono>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;

/// null is as good as absent.
bool is_given(const Json& json, const char* key) { return json.contains(key) && !json.at(key).is_null(); }

std::optional<std::string> optional_text(const Json& json, const char* key) {
    if (!is_given(json, key)) return std::nullopt;
    std::optional<std::string> text = matrix::get_string(json, key);
    if (!text) throw BadAnswer(std::string(key) + " is no text");
    return text;
}

media::UploadLimit limit_of(const Json& json) {
    if (!json.is_object()) throw BadAnswer("a limit that is no object");
    const std::optional<std::int64_t> size = matrix::get_integer(json, "max_bytes");
    const std::optional<std::int64_t> period = matrix::get_integer(json, "time_period_ms");
    if (!size || !period) throw BadAnswer("a limit without the integers max_bytes and time_period_ms");
    media::UploadLimit limit;
    limit.max_size = base::ByteCount(*size);
    limit.time_period = std::chrono::milliseconds(*period);
    limit.info_uri = optional_text(json, "info_uri").value_or("");
    // Clients show it as a link.
    const bool is_link = limit.info_uri.starts_with("https://") || limit.info_uri.starts_with("http://");
    if (!limit.info_uri.empty() && !is_link)
        throw BadAnswer("info_uri does not begin with http:// or https://");
    if (is_given(json, "can_upgrade")) limit.can_upgrade = boolean_of(json.at("can_upgrade"));
    return limit;
}

}  // namespace

Json limit_json(const media::UploadLimit& limit) {
    Json json = {{"max_bytes", limit.max_size.value()}, {"time_period_ms", limit.time_period.count()}};
    if (!limit.info_uri.empty()) json["info_uri"] = limit.info_uri;
    if (limit.can_upgrade) json["can_upgrade"] = true;
    return json;
}

Json user_arguments(const matrix::UserId& user) { return {{"user_id", user.text()}}; }

Json upload_arguments(const media::UploadFacts& facts) {
    return {{"user_id", facts.user.text()}, {"size", facts.size.value()}};
}

Json limit_arguments(const media::LimitEvent& event) {
    return {{"user_id", event.user.text()},
            {"limit", limit_json(event.limit)},
            {"sent_bytes", event.sent.value()},
            {"attempted_bytes", event.attempted.value()}};
}

Json file_arguments(const media::FileFacts& facts) {
    Json json = {{"user_id", facts.upload.user.text()},
                 {"media_id", facts.media.text()},
                 {"sha256", facts.blob.hex()},
                 {"size", facts.upload.size.value()},
                 {"declared_type", facts.upload.declared_type},
                 {"sniffed_type", nullptr},
                 {"file_name", nullptr}};
    if (facts.sniffed_type) json["sniffed_type"] = *facts.sniffed_type;
    if (facts.upload.file_name) json["file_name"] = *facts.upload.file_name;
    return json;
}

Json deleted_arguments(const matrix::MediaId& media) { return {{"media_id", media.text()}}; }

Json uploaded_arguments(const matrix::UserId& user, const matrix::MediaId& media, base::ByteCount size) {
    return {{"user_id", user.text()}, {"media_id", media.text()}, {"size", size.value()}};
}

std::optional<Json> config_of(const Json& answer) {
    if (answer.is_null()) return std::nullopt;
    if (!answer.is_object()) throw BadAnswer("the answer is no object");
    return answer;
}

bool boolean_of(const Json& answer) {
    if (!answer.is_boolean()) throw BadAnswer("the answer is neither true nor false");
    return answer.get<bool>();
}

std::optional<std::vector<media::UploadLimit>> limits_of(const Json& answer) {
    if (answer.is_null()) return std::nullopt;
    if (!answer.is_array()) throw BadAnswer("the answer is no list of limits");
    std::vector<media::UploadLimit> limits;
    for (const Json& each : answer) limits.push_back(limit_of(each));
    return limits;
}

media::FileVerdict verdict_of(const Json& answer) {
    if (answer.is_null() || answer == "allow") return media::FileAllowed{};
    if (answer == "quarantine") return media::FileQuarantined{};
    if (answer == "reject") return media::FileRejected{error_of(Json::object())};
    if (answer.is_object() && answer.contains("reject"))
        return media::FileRejected{error_of(answer.at("reject"))};
    throw BadAnswer("the answer is neither allow, reject nor quarantine");
}

matrix::Error error_of(const Json& error) {
    if (!error.is_object()) throw BadAnswer("an error that is no object");
    std::int64_t status = 403;
    if (is_given(error, "status")) {
        const std::optional<std::int64_t> given = matrix::get_integer(error, "status");
        if (!given || *given < 400 || *given > 599)
            throw BadAnswer("a status that is no number from 400 to 599");
        status = *given;
    }
    return matrix::Error(static_cast<int>(status), optional_text(error, "errcode").value_or("M_FORBIDDEN"),
                         optional_text(error, "error").value_or("This is not allowed here"));
}

}  // namespace mxcd::modules
