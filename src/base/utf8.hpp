#pragma once

#include <cstddef>
#include <string_view>

namespace mxcd::base {

/// The length (1 to 4) of the UTF-8 sequence at the start of `text`; 0 when it is empty, broken, overlong, a
/// surrogate or above U+10FFFF.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text);

}  // namespace mxcd::base
