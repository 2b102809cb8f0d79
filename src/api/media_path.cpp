#include "media_path.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/matrix/error.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace mxcd::api {

using matrix::Error;
using matrix::ErrorCode;

namespace {

constexpr std::chrono::milliseconds default_patience{20'000};
constexpr std::chrono::milliseconds most_patience{60'000};

}  // namespace

std::string decoded_segment(std::string_view segment) {
    std::optional<std::string> text = base::percent_decode(segment, base::PlusSign::literal);
    if (!text) throw Error(ErrorCode::not_found, "Not found");
    return *std::move(text);
}

matrix::ServerName server_name_in(std::string_view segment) {
    std::optional<matrix::ServerName> name = matrix::ServerName::parse(decoded_segment(segment));
    if (!name) throw Error(ErrorCode::invalid_param, "Invalid server name");
    return *std::move(name);
}

matrix::MediaId media_id_in(std::string_view segment) {
    std::optional<matrix::MediaId> id = matrix::MediaId::parse(decoded_segment(segment));
    if (!id) throw Error(ErrorCode::not_found, "Not found");
    return *std::move(id);
}

std::chrono::milliseconds patience_in(std::string_view query) {
    const std::optional<std::string_view> encoded = base::query_value(query, "timeout_ms");
    if (!encoded) return default_patience;
    const std::optional<std::string> text = base::percent_decode(*encoded, base::PlusSign::space);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!text || text->empty() || !std::ranges::all_of(*text, is_digit))
        throw Error(ErrorCode::invalid_param, "Query parameter timeout_ms must be a positive integer");
    // What no number can hold is longer than anybody waits.
    const std::optional<std::int64_t> wanted = base::parse_decimal(*text);
    return std::min(std::chrono::milliseconds(wanted.value_or(most_patience.count())), most_patience);
}

}  // namespace mxcd::api
