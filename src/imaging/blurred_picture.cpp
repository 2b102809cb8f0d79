#include "blurred_picture.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace mxcd::imaging {

namespace {

constexpr std::int32_t hashed_side = 32;

/// Red, green and blue of pixels that have an alpha value, too.
std::vector<std::byte> on_white(std::span<const std::byte> rgba) {
    std::vector<std::byte> rgb;
    rgb.reserve(rgba.size() / 4 * 3);
    for (; rgba.size() >= 4; rgba = rgba.subspan(4)) {
        const int alpha = std::to_integer<int>(rgba[3]);
        for (const std::byte value : rgba.first(3))
            rgb.push_back(static_cast<std::byte>(
                (std::to_integer<int>(value) * alpha + 255 * (255 - alpha) + 127) / 255));
    }
    return rgb;
}

/// The picture at exactly this size in sRGB, with or without alpha. Nothing when it fails.
Picture small_srgb(const VipsLibrary& vips, VipsImage* pixels, Dimensions size) {
    VipsImage* image = nullptr;
    const int is_bad = vips.thumbnail_image(pixels, &image, size.width, "height", size.height, "size",
                                            VIPS_SIZE_FORCE, nullptr);
    if (is_bad != 0) return {nullptr, vips.object_unref};
    const Picture small(image, vips.object_unref);
    image = nullptr;
    if (vips.colourspace(small.get(), &image, VIPS_INTERPRETATION_sRGB, nullptr) != 0) image = nullptr;
    return {image, vips.object_unref};
}

}  // namespace

Dimensions hashed_size(Dimensions picture) {
    return {std::min(picture.width, hashed_side), std::min(picture.height, hashed_side)};
}

std::optional<BlurHash> blurred(const VipsLibrary& vips, VipsImage* pixels, Dimensions picture) {
    const Dimensions size = hashed_size(picture);
    const Picture small = small_srgb(vips, pixels, size);
    if (!small) return std::nullopt;
    std::size_t count = 0;
    const std::unique_ptr<void, decltype(vips.free)> memory(vips.image_write_to_memory(small.get(), &count),
                                                            vips.free);
    const auto pixel_count = static_cast<std::size_t>(size.pixels());
    if (!memory || (count != pixel_count * 3 && count != pixel_count * 4)) return std::nullopt;
    const std::span bytes(static_cast<const std::byte*>(memory.get()), count);
    if (count == pixel_count * 3) return blurhash({size.width, size.height, bytes});
    const std::vector<std::byte> rgb = on_white(bytes);
    return blurhash({size.width, size.height, rgb});
}

}  // namespace mxcd::imaging
