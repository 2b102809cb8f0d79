#include "mxcd/base/token.hpp"
#include "mxcd/http/response.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

namespace mxcd::http {

namespace {

constexpr bool is_value_byte(char c) { return c >= 0x20 && c < 0x7f; }

/// No early exit, so that the compiler can look at many bytes at once.
bool is_value(std::string_view text) {
    bool is_fine = true;
    for (const char c : text) is_fine &= is_value_byte(c);
    return is_fine;
}

}  // namespace

HeaderBlock& HeaderBlock::add(std::string_view name, std::string_view value) {
    assert(base::is_token(name));
    if (base::is_token(name))
        text_ += name;
    else
        std::ranges::copy_if(name, std::back_inserter(text_), base::is_token_byte);
    text_ += ": ";
    if (is_value(value))
        text_ += value;
    else
        std::ranges::copy_if(value, std::back_inserter(text_), is_value_byte);
    text_ += "\r\n";
    return *this;
}

HeaderBlock& HeaderBlock::add(std::string_view name, std::int64_t value) {
    std::array<char, 24> digits{};
    const std::to_chars_result end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return add(name, std::string_view(digits.data(), static_cast<std::size_t>(end.ptr - digits.data())));
}

HeaderBlock& HeaderBlock::add(const HeaderBlock& others) {
    text_ += others.text_;
    return *this;
}

}  // namespace mxcd::http
