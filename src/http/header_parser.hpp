#pragma once

#include "request_head.hpp"

#include <string_view>

namespace mxcd::http {

/// Lets Beast parse a block that has passed the firewall: fills the fields and keep_alive of `head`. False
/// when Beast refuses it, or understands its framing or its method in another way than the firewall did.
[[nodiscard]] bool parse_fields(std::string_view block, RequestHead& head);

}  // namespace mxcd::http
