#include "mxcd/base/ascii.hpp"
#include "mxcd/http/response.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace mxcd::http {

namespace {

constexpr bool is_value_byte(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

HeaderBlock& HeaderBlock::add(FieldName name, std::string_view value) {
    text_ += name.text;
    text_ += ": ";
    if (base::is_printable_ascii(value))
        text_ += value;
    else
        std::ranges::copy_if(value, std::back_inserter(text_), is_value_byte);
    text_ += "\r\n";
    return *this;
}

HeaderBlock& HeaderBlock::add(FieldName name, std::int64_t value) {
    std::array<char, 24> digits{};
    const std::to_chars_result end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return add(name, std::string_view(digits.data(), static_cast<std::size_t>(end.ptr - digits.data())));
}

HeaderBlock& HeaderBlock::add(const HeaderBlock& others) {
    text_ += others.text_;
    return *this;
}

}  // namespace mxcd::http
