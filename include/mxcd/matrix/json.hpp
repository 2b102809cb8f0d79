#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mxcd::matrix {

using Json = nlohmann::json;

/// Compact text; invalid UTF-8 becomes U+FFFD instead of an exception.
[[nodiscard]] std::string to_text(const Json& json);

/// Parses text from outside: at most `max_bytes` long and 100 levels deep; nothing when it is not JSON.
[[nodiscard]] std::optional<Json> parse_json(std::string_view text,
                                             std::size_t max_bytes = std::size_t{1024} * 1024);

/// Typed reads of a key: nothing when the value is no object, the key is absent or has another type. No
/// conversion happens on the way (nlohmann's own make -1 a huge unsigned number and true the number 1).
[[nodiscard]] std::optional<std::string> get_string(const Json& json, std::string_view key);
[[nodiscard]] std::optional<std::int64_t> get_integer(const Json& json, std::string_view key);
[[nodiscard]] std::optional<bool> get_bool(const Json& json, std::string_view key);

}  // namespace mxcd::matrix
