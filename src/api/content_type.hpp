#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mxcd::api {

/// The `type/subtype` of a Content-Type value in lower case; nothing when the value is not one by the grammar
/// of RFC 9110 section 8.3.1, parameters included. What does not parse must not be sent: browsers read some
/// of it as a list and take another type from it than we do.
[[nodiscard]] std::optional<std::string> essence_of(std::string_view content_type);

/// What is sent for a stored type: itself, with `; charset=UTF-8` behind the text types that have no
/// parameter; application/octet-stream when it is no type at all. Spec: reference 1.12.
[[nodiscard]] std::string served_content_type(std::string_view stored);

}  // namespace mxcd::api
