#pragma once

#include "mxcd/matrix/ids.hpp"

#include <chrono>
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

/// How long `timeout_ms` lets the request wait for media that is not uploaded yet: 20 s without it, at most a
/// minute. 400 when it is no number. Spec: Client-Server API, GET .../download, `timeout_ms`.
[[nodiscard]] std::chrono::milliseconds patience_in(std::string_view query);

}  // namespace mxcd::api
