#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mxcd::imaging {

/// A BlurHash of 4 by 3 components is always this long: one character for the number of components, one for
/// the largest of their values, four for the average colour, two for each other component.
inline constexpr std::size_t blurhash_length = 28;
using BlurHash = std::array<char, blurhash_length>;

struct SmallPicture {
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::span<const std::byte> rgb;  // sRGB, row by row, three bytes per pixel
};

/// Takes time in proportion to the pixels; 32 by 32 are plenty, and there is at least one. Source: the
/// algorithm's public description, https://github.com/woltapp/blurhash/blob/master/Algorithm.md.
[[nodiscard]] BlurHash blurhash(const SmallPicture& picture);

/// Whether the text could be one of ours, character by character.
[[nodiscard]] bool is_blurhash(std::string_view text);

}  // namespace mxcd::imaging
