#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mxcd::api {

/// A part of a representation, never empty.
struct ByteRange {
    std::int64_t offset = 0;
    std::int64_t length = 0;
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// What a Range header asks of a representation.
struct RangeRequest {
    enum class Kind : std::uint8_t {
        whole,          // no, several, or unreadable ranges: the whole, as if nothing had been asked
        part,           // 206
        unsatisfiable,  // 416
    };
    Kind kind = Kind::whole;
    ByteRange part;
};

/// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n`. Numbers of any length are fine. RFC 9110 section 14.
[[nodiscard]] RangeRequest read_range(std::string_view header, std::int64_t size);

/// `bytes 0-9/100`
[[nodiscard]] std::string content_range(ByteRange part, std::int64_t size);
/// `bytes */100`, for 416.
[[nodiscard]] std::string unsatisfied_range(std::int64_t size);

/// The strong entity tag of content: its SHA-256 in quotes.
[[nodiscard]] std::string entity_tag(std::string_view sha256_hex);
/// If-None-Match: a list or `*`, compared weakly. RFC 9110 section 13.1.2.
[[nodiscard]] bool matches_any(std::string_view if_none_match, std::string_view tag);
/// If-Range: one tag, compared strongly; a date never holds, because we send none. RFC 9110 section 13.1.5.
[[nodiscard]] bool holds(std::string_view if_range, std::string_view tag);

}  // namespace mxcd::api
