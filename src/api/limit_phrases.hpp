#pragma once

#include <array>
#include <span>
#include <string_view>

namespace mxcd::api {

/// A unit of time in the form that follows "in" and "within".
struct UnitWords {
    std::string_view one;
    std::string_view many;
};

/// Everything the limit page says, in one language. `{name}` is replaced: max, period, used, attempted, time,
/// wait, count. Plain text without characters that mean something in HTML.
struct LimitPhrases {
    std::string_view language;  // primary subtag
    std::string_view title;
    std::string_view general;
    std::string_view advice;
    std::string_view window_limit;
    std::string_view size_quota;
    std::string_view file_quota;
    std::string_view window_used;
    std::string_view quota_used;
    std::string_view refused_file;  // follows one of the two
    std::string_view room_later;
    std::string_view room_now;
    std::string_view never_fits;
    std::string_view room_by_deleting;
    std::array<UnitWords, 6> time_units;         // second, minute, hour, day, week, year
    std::array<std::string_view, 5> size_units;  // bytes, then powers of 1024
    char decimal_mark;
};

/// English first: it is what a reader of no offered language gets.
[[nodiscard]] std::span<const LimitPhrases> limit_phrases();

}  // namespace mxcd::api
