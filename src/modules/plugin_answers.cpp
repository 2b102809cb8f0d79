#include "plugin_answers.hpp"

#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;

/// Leaves room in a frame of 64 KiB for what stands around it.
constexpr std::size_t max_answer_bytes = std::size_t{60} * 1024;
constexpr std::size_t most_limits = 1000;
constexpr std::size_t least_limit_size = offsetof(mxcd_limit, info_uri) + sizeof(const char*);
constexpr std::size_t least_error_size = offsetof(mxcd_error, text) + sizeof(const char*);

/// What is not set has a default (callback_json).
Json json_of(const mxcd_error* error) {
    Json json = Json::object();
    if (error == nullptr) return json;
    if (error->struct_size < least_error_size) throw BadAnswer("an error whose struct_size is not set");
    if (error->status != 0) json["status"] = error->status;
    if (error->errcode != nullptr) json["errcode"] = error->errcode;
    if (error->text != nullptr) json["error"] = error->text;
    return json;
}

Json json_of(const mxcd_limit& limit) {
    if (limit.can_upgrade != 0 && limit.can_upgrade != 1)
        throw BadAnswer("a limit whose can_upgrade is neither 0 nor 1");
    Json json = {{"max_bytes", limit.max_bytes}, {"time_period_ms", limit.time_period_ms}};
    if (limit.info_uri != nullptr) json["info_uri"] = limit.info_uri;
    if (limit.can_upgrade == 1) json["can_upgrade"] = true;
    return json;
}

Json json_of(const mxcd_limit* limits, std::size_t count) {
    Json list = Json::array();
    if (count == 0) return list;
    if (limits == nullptr || count > most_limits)
        throw BadAnswer("too many limits, or none where some are told");
    const std::size_t distance = limits->struct_size;
    if (distance < least_limit_size) throw BadAnswer("a limit whose struct_size is not set");
    const auto* const bytes = reinterpret_cast<const std::byte*>(limits);
    for (std::size_t index = 0; index < count; ++index) {
        mxcd_limit limit{};
        std::memcpy(&limit, bytes + index * distance, least_limit_size);
        list.push_back(json_of(limit));
    }
    return list;
}

/// What `make` makes, or the failure that it is.
template <class Make>
PluginAnswer answer_or_failure(Make make) {
    try {
        return make();
    } catch (const BadAnswer& bad) {
        return PluginFailure{bad.what()};
    }
}

}  // namespace

PluginAnswer allowed_answer(int is_allowed) {
    if (is_allowed != 0 && is_allowed != 1) return PluginFailure{"the answer is neither 0 nor 1"};
    return PluginResult{is_allowed == 1};
}

PluginAnswer limits_answer(const mxcd_limit* limits, std::size_t count) {
    return answer_or_failure([&]() -> PluginAnswer { return PluginResult{json_of(limits, count)}; });
}

PluginAnswer verdict_answer(int verdict, const mxcd_error* rejection) {
    if (verdict == MXCD_ALLOW) return PluginResult{"allow"};
    if (verdict == MXCD_QUARANTINE) return PluginResult{"quarantine"};
    if (verdict != MXCD_REJECT) return PluginFailure{"a verdict that is none of the three"};
    return answer_or_failure(
        [&]() -> PluginAnswer { return PluginResult{Json{{"reject", json_of(rejection)}}}; });
}

PluginAnswer json_answer(const char* text) {
    if (text == nullptr) return PluginFailure{"an answer without text"};
    // Never looks further than an answer may reach, should the zero byte be missing.
    const std::string_view bounded(text, strnlen(text, max_answer_bytes + 1));
    std::optional<Json> json = matrix::parse_json(bounded, max_answer_bytes);
    if (!json) return PluginFailure{"the answer is no JSON of at most 60 KiB"};
    return PluginResult{*std::move(json)};
}

PluginAnswer error_answer(const mxcd_error* error) {
    return answer_or_failure([&]() -> PluginAnswer { return PluginRefusal{json_of(error)}; });
}

PluginAnswer failure_answer(const char* reason) {
    return PluginFailure{reason == nullptr ? "it does not say why" : reason};
}

}  // namespace mxcd::modules
