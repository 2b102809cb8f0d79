#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace mxcd::base {

/// Whether every byte is one from `first` to `last`, which are ASCII. Looks at eight bytes at a time: a
/// request is asked this of nearly all its header.
template <char first, char last>
[[nodiscard]] bool consists_of(std::string_view text) {
    static_assert(0 <= first && first <= last && last <= 0x7f);
    constexpr std::uint64_t each = 0x0101010101010101;
    const auto outside = [](std::uint64_t bytes) {
        constexpr std::uint64_t below = first * each;
        constexpr std::uint64_t above = (0x7f - last) * each;
        // A top bit is set by what is no ASCII, what is smaller than `first`, and what is larger than `last`.
        // A byte disturbs the next one only when it is outside itself.
        return (bytes | (bytes - below) | (bytes + above)) & (0x80 * each);
    };
    constexpr std::size_t step = sizeof(std::uint64_t);
    if (text.size() < step) {
        for (const char c : text)
            if (c < first || c > last) return false;
        return true;
    }
    std::uint64_t found = 0;
    std::uint64_t bytes = 0;
    for (std::size_t at = 0; at + step < text.size(); at += step) {
        std::memcpy(&bytes, text.data() + at, step);
        found |= outside(bytes);
    }
    std::memcpy(&bytes, text.data() + text.size() - step, step);
    return (found | outside(bytes)) == 0;
}

/// Letters, digits and punctuation: VCHAR of RFC 5234, B.1.
[[nodiscard]] inline bool is_visible_ascii(std::string_view text) { return consists_of<'!', '~'>(text); }

/// The same and spaces.
[[nodiscard]] inline bool is_printable_ascii(std::string_view text) { return consists_of<' ', '~'>(text); }

}  // namespace mxcd::base
