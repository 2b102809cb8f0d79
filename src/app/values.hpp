#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mxcd::app {

/// Bytes: an integer, alone or with K, M, G, T (or KiB, MiB, GiB, TiB), all 1024-based. What does not fit 64
/// bits becomes the largest number. Nothing when it is not a size.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// Milliseconds: an integer, or an integer with s, m, h, d, w or y (365 days). Saturates like parse_size().
[[nodiscard]] std::optional<std::int64_t> parse_duration(std::string_view text);

/// File mode bits from octal digits: `660`, `0660`.
[[nodiscard]] std::optional<std::uint32_t> parse_mode(std::string_view text);

/// `http://` or `https://` with a host, no user, and no character that a URL may not have.
[[nodiscard]] bool is_http_url(std::string_view text);
/// The same, without query and fragment: paths can be appended.
[[nodiscard]] bool is_base_url(std::string_view text);

/// The one of `known` that is nearest to `word` by edit distance (two letters swapped count as one); nothing
/// when none is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 const std::vector<std::string>& known);

}  // namespace mxcd::app
