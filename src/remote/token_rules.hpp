#pragma once

#include "mxcd/base/ascii.hpp"
#include "mxcd/matrix/error.hpp"
#include "mxcd/remote/authenticators.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace mxcd::remote {

[[nodiscard]] inline matrix::Error unknown_token() {
    return matrix::Error(matrix::ErrorCode::unknown_token, "Unknown access token");
}

/// False for text that cannot stand in an Authorization header; no homeserver has given such a token out.
[[nodiscard]] inline bool can_be_a_token(std::string_view text) {
    return !text.empty() && base::is_visible_ascii(text);
}

[[nodiscard]] inline bool is_listed_admin(const AuthConfig& config, const matrix::UserId& user) {
    return std::ranges::find(config.admins, user) != config.admins.end();
}

}  // namespace mxcd::remote
