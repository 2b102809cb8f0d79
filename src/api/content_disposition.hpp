#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mxcd::api {

/// Whether browsers may show a stored type in place: only what is on the specification's list of harmless
/// types, compared by its parsed essence. Spec: Client-Server API, "Serving inline content".
[[nodiscard]] bool is_shown_inline(std::string_view stored_type);

/// The name without control and bidi-control characters, cut (between characters) where it would make the
/// header too long for common proxies; nothing when nothing is left. `name` is valid UTF-8.
[[nodiscard]] std::optional<std::string> served_file_name(std::string_view name);

/// The header's value: `inline` or `attachment`, and the name (valid UTF-8) as a token where it is one, else
/// as `filename*=utf-8''...`. Spec: RFC 6266, reference 1.12.
[[nodiscard]] std::string content_disposition(std::string_view stored_type,
                                              const std::optional<std::string>& name);

}  // namespace mxcd::api
