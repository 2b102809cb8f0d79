#include "ranges.hpp"

#include "mxcd/base/text.hpp"

#include <algorithm>
#include <limits>

namespace mxcd::api {

namespace {

constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();

std::string_view trim(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(begin);
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Any run of digits; more than fits is as good as the largest number.
std::int64_t saturated_number(std::string_view digits) {
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    return base::parse_decimal(digits.substr(zeros)).value_or(huge);
}

RangeRequest part_from(std::int64_t first, std::int64_t last, std::int64_t size) {
    if (first >= size) return {RangeRequest::Kind::unsatisfiable, {}};
    return {RangeRequest::Kind::part, {first, std::min(last, size - 1) - first + 1}};
}

RangeRequest last_bytes(std::int64_t count, std::int64_t size) {
    if (count == 0) return {RangeRequest::Kind::unsatisfiable, {}};
    // The last bytes of nothing are the whole of it, and a 206 cannot say so.
    if (size == 0) return {};
    const std::int64_t length = std::min(count, size);
    return {RangeRequest::Kind::part, {size - length, length}};
}

}  // namespace

RangeRequest read_range(std::string_view header, std::int64_t size) {
    const std::size_t equals = header.find('=');
    if (equals == std::string_view::npos) return {};
    if (!base::equal_ignoring_ascii_case(header.substr(0, equals), "bytes")) return {};
    const std::string_view range = trim(header.substr(equals + 1));
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) return {};
    const std::string_view first = range.substr(0, dash);
    const std::string_view last = range.substr(dash + 1);
    if (first.empty() && is_number(last)) return last_bytes(saturated_number(last), size);
    if (!is_number(first)) return {};
    if (last.empty()) return part_from(saturated_number(first), huge, size);
    if (!is_number(last) || saturated_number(last) < saturated_number(first)) return {};
    return part_from(saturated_number(first), saturated_number(last), size);
}

std::string content_range(ByteRange part, std::int64_t size) {
    return "bytes " + std::to_string(part.offset) + "-" + std::to_string(part.offset + part.length - 1) +
           "/" + std::to_string(size);
}

std::string unsatisfied_range(std::int64_t size) { return "bytes */" + std::to_string(size); }

std::string entity_tag(std::string_view sha256_hex) { return '"' + std::string(sha256_hex) + '"'; }

bool matches_any(std::string_view if_none_match, std::string_view tag) {
    if (trim(if_none_match) == "*") return true;
    while (!if_none_match.empty()) {
        const std::size_t comma = std::min(if_none_match.find(','), if_none_match.size());
        std::string_view candidate = trim(if_none_match.substr(0, comma));
        if (candidate.starts_with("W/")) candidate.remove_prefix(2);
        // Our tags are hexadecimal, so splitting at commas inside other tags can hide no match.
        if (candidate == tag) return true;
        if_none_match.remove_prefix(std::min(comma + 1, if_none_match.size()));
    }
    return false;
}

bool holds(std::string_view if_range, std::string_view tag) { return trim(if_range) == tag; }

}  // namespace mxcd::api
