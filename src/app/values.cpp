#include "values.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

namespace mxcd::app {

namespace {

using Unit = std::pair<std::string_view, std::int64_t>;

constexpr std::int64_t kib = 1024;
constexpr std::array size_units{Unit{"", 1},
                                Unit{"K", kib},
                                Unit{"KiB", kib},
                                Unit{"M", kib* kib},
                                Unit{"MiB", kib* kib},
                                Unit{"G", kib* kib* kib},
                                Unit{"GiB", kib* kib* kib},
                                Unit{"T", kib* kib* kib* kib},
                                Unit{"TiB", kib* kib* kib* kib}};

constexpr std::int64_t second = 1000;
constexpr std::int64_t day = 24 * 3600 * second;
constexpr std::array duration_units{
    Unit{"", 1},    Unit{"s", second},  Unit{"m", 60 * second}, Unit{"h", 3600 * second},
    Unit{"d", day}, Unit{"w", 7 * day}, Unit{"y", 365 * day}};

std::int64_t saturating_product(std::int64_t left, std::int64_t right) {
    std::int64_t product = 0;
    if (!__builtin_mul_overflow(left, right, &product)) return product;
    return (left < 0) != (right < 0) ? std::numeric_limits<std::int64_t>::min()
                                     : std::numeric_limits<std::int64_t>::max();
}

template <std::size_t Count>
std::optional<std::int64_t> parse_with_units(std::string_view text, const std::array<Unit, Count>& units) {
    const bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0) return std::nullopt;
    std::int64_t number = 0;
    for (const char c : text.substr(0, digits)) {
        number = saturating_product(number, 10);
        if (__builtin_add_overflow(number, c - '0', &number))
            number = std::numeric_limits<std::int64_t>::max();
    }
    for (const auto& [suffix, factor] : units) {
        if (suffix == text.substr(digits)) return saturating_product(is_negative ? -number : number, factor);
    }
    return std::nullopt;
}

/// Optimal string alignment distance.
std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::vector<std::size_t>> cost(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
    for (std::size_t i = 0; i <= from.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= to.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t change = from[i - 1] == to[j - 1] ? 0 : 1;
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[from.size()][to.size()];
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) { return parse_with_units(text, size_units); }

std::optional<std::int64_t> parse_duration(std::string_view text) {
    return parse_with_units(text, duration_units);
}

std::optional<std::uint32_t> parse_mode(std::string_view text) {
    if (text.size() < 3 || text.size() > 4 || text.find_first_not_of("01234567") != std::string_view::npos)
        return std::nullopt;
    std::uint32_t mode = 0;
    for (const char c : text) mode = mode * 8 + static_cast<std::uint32_t>(c - '0');
    if (mode > 0777) return std::nullopt;
    return mode;
}

bool is_http_url(std::string_view text) {
    if (text.starts_with("http://")) {
        text.remove_prefix(7);
    } else if (text.starts_with("https://")) {
        text.remove_prefix(8);
    } else {
        return false;
    }
    const std::string_view authority = text.substr(0, text.find_first_of("/?#"));
    if (authority.empty() || authority.front() == ':') return false;
    return std::none_of(text.begin(), text.end(), [](char c) {
        return c <= ' ' || c > '~' || std::string_view("\"<>\\^`{|}@").find(c) != std::string_view::npos;
    });
}

bool is_base_url(std::string_view text) {
    return is_http_url(text) && text.find_first_of("?#") == std::string_view::npos;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
    constexpr std::size_t longest_word = 64;  // the cost is quadratic, and no key of ours is as long
    if (word.size() > longest_word) return std::nullopt;
    std::optional<std::string> best;
    std::size_t best_distance = 1 + word.size() / 3;
    for (const std::string& candidate : known) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance || (distance == best_distance && !best)) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace mxcd::app
