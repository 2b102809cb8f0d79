#pragma once

#include <span>
#include <string_view>

namespace mxcd::api {

/// The one of `offered` (lower-case primary subtags such as "de"; not empty) that an Accept-Language value
/// wants most; the first when it wants none of them, or anything. RFC 9110 section 12.5.4, by primary subtag.
[[nodiscard]] std::string_view preferred_language(std::string_view accept_language,
                                                  std::span<const std::string_view> offered);

}  // namespace mxcd::api
