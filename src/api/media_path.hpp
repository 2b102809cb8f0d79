#pragma once

#include "mxcd/matrix/ids.hpp"

#include <string>
#include <string_view>

namespace mxcd::api {

// What the paths and queries of the routes that give out media have in common. All throw matrix::Error.

/// A path segment, decoded; 404 when it cannot be.
[[nodiscard]] std::string decoded_segment(std::string_view segment);
/// 400 when it is no server name.
[[nodiscard]] matrix::ServerName server_name_in(std::string_view segment);
/// 404 when it is no media ID.
[[nodiscard]] matrix::MediaId media_id_in(std::string_view segment);

/// Local media that exists is there at once, so the value does not matter yet; its form does. Any number of
/// digits is fine: what is too long to wait is cut.
void require_readable_timeout(std::string_view query);

}  // namespace mxcd::api
