#pragma once

#include <string>
#include <string_view>

namespace mxcd::modules {

/// The lower-case `type/subtype` of a Content-Type value, without parameters; `application/octet-stream` when
/// it is missing or malformed. Source: WHATWG MIME Sniffing, "Parse a MIME type".
[[nodiscard]] std::string essence_of(std::string_view content_type);

}  // namespace mxcd::modules
