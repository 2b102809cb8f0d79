#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mxcd::base {

[[nodiscard]] bool is_valid_utf8(std::string_view text);
[[nodiscard]] std::string to_lower_ascii(std::string_view text);
[[nodiscard]] bool equal_ignoring_ascii_case(std::string_view left, std::string_view right);

enum class PlusSign : std::uint8_t { literal, space };

/// Decodes `%XX` once; nothing when a `%` is not followed by two hexadecimal digits. In queries `+` means
/// space.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, PlusSign plus);
/// Keeps RFC 3986 unreserved characters, encodes every other byte.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// The first value of `name` in a raw query string (`a=1&b=2`), still encoded; nothing when it is absent.
/// Names in the query are compared decoded, `name` is plain and without spaces.
[[nodiscard]] std::optional<std::string_view> query_value(std::string_view query, std::string_view name);

/// A decimal integer without sign, spaces or leading zeros (except "0" itself); nothing otherwise or on
/// overflow.
[[nodiscard]] std::optional<std::int64_t> parse_decimal(std::string_view text);

/// `*` matches any run of characters, `?` one byte; everything else itself, case-sensitively.
/// Takes at most pattern times text steps, whatever the stars.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace mxcd::base
