#pragma once

#include "decode_order.hpp"

#include <optional>
#include <string_view>

namespace mxcd::imaging {

/// What a decode has written, taken apart. Whoever wrote it may be an attacker: nothing unless it is exactly
/// an answer to `order`, the picture is one that it allows, and each thumbnail begins as its type does.
[[nodiscard]] std::optional<media::ThumbnailOutcome> read_result(std::string_view bytes,
                                                                 const DecodeOrder& order);

}  // namespace mxcd::imaging
