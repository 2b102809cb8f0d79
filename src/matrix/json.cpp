#include "mxcd/matrix/json.hpp"

#include <limits>

namespace mxcd::matrix {

namespace {

constexpr int deepest_level = 100;

/// Looks at brackets outside strings only; what is not JSON is the parser's to refuse. It comes first because
/// a deep tree is dangerous once it exists: copying one recurses.
bool is_shallow_text(std::string_view text) {
    int level = 0;
    bool is_in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\0') return false;  // the parser would take it for the end
        if (is_in_string) {
            if (c == '\\') ++i;
            if (c == '"') is_in_string = false;
        } else if (c == '"') {
            is_in_string = true;
        } else if (c == '[' || c == '{') {
            if (++level > deepest_level) return false;
        } else if (c == ']' || c == '}') {
            --level;
        }
    }
    return true;
}

const Json* find(const Json& json, std::string_view key) {
    if (!json.is_object()) return nullptr;
    const auto entry = json.find(key);
    return entry == json.end() ? nullptr : &*entry;
}

}  // namespace

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::optional<Json> parse_json(std::string_view text, std::size_t max_bytes) {
    if (text.size() > max_bytes || !is_shallow_text(text)) return std::nullopt;
    Json json = Json::parse(text.begin(), text.end(), nullptr, false);
    if (json.is_discarded()) return std::nullopt;
    return std::make_optional(std::move(json));
}

std::optional<std::string> get_string(const Json& json, std::string_view key) {
    const Json* const value = find(json, key);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return value->get_ref<const std::string&>();
}

std::optional<std::int64_t> get_integer(const Json& json, std::string_view key) {
    const Json* const value = find(json, key);
    if (value == nullptr || !value->is_number_integer()) return std::nullopt;
    if (!value->is_number_unsigned()) return value->get<std::int64_t>();
    const auto number = value->get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
}

std::optional<bool> get_bool(const Json& json, std::string_view key) {
    const Json* const value = find(json, key);
    if (value == nullptr || !value->is_boolean()) return std::nullopt;
    return value->get<bool>();
}

}  // namespace mxcd::matrix
