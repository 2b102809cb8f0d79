#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace mxcd::base {

/// Which bytes a token may be made of: names of fields, methods, both halves of a media type. RFC 9110 5.6.2.
constexpr std::array<bool, 256> token_bytes = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
        table.at(static_cast<std::size_t>(c)) = true;
    return table;
}();

constexpr bool is_token_byte(char c) { return token_bytes[static_cast<unsigned char>(c)]; }

constexpr bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_byte);
}

}  // namespace mxcd::base
