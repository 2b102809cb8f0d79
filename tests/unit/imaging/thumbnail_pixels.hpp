#pragma once

#include "mxcd/media/thumbnailer.hpp"

#include "imaging/vips_library.hpp"
#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mxcd::test {

/// libvips, as a decoder process sets it up.
inline const imaging::VipsLibrary& vips_library() {
    static const imaging::VipsLibrary vips;
    return vips;
}

/// The numbers of one pixel: red, green, blue, and how opaque it is where the picture says so.
using Pixel = std::vector<int>;

/// The middle of each quarter of a thumbnail, from the top left, row by row.
inline std::array<Pixel, 4> corner_pixels_of(const media::MadeThumbnail& thumbnail) {
    const imaging::VipsLibrary& vips = vips_library();
    const imaging::Picture image(
        vips.image_new_from_buffer(thumbnail.bytes.data(), thumbnail.bytes.size(), "", nullptr),
        vips.object_unref);
    REQUIRE(image);
    REQUIRE(vips.image_get_width(image.get()) == thumbnail.width);
    REQUIRE(vips.image_get_height(image.get()) == thumbnail.height);
    std::size_t count = 0;
    const std::unique_ptr<void, decltype(vips.free)> memory(vips.image_write_to_memory(image.get(), &count),
                                                            vips.free);
    const auto width = static_cast<std::size_t>(thumbnail.width);
    const auto height = static_cast<std::size_t>(thumbnail.height);
    const std::size_t numbers = count / (width * height);
    REQUIRE(count == width * height * numbers);
    const auto* const bytes = static_cast<const unsigned char*>(memory.get());
    std::array<Pixel, 4> corners;
    for (std::size_t i = 0; i < corners.size(); ++i) {
        const std::size_t x = i % 2 == 0 ? width / 4 : width * 3 / 4;
        const std::size_t y = i < 2 ? height / 4 : height * 3 / 4;
        const unsigned char* const pixel = bytes + (y * width + x) * numbers;
        corners.at(i).assign(pixel, pixel + numbers);
    }
    return corners;
}

/// The same as letters: which of red, green and blue shine.
inline std::string corners_of(const media::MadeThumbnail& thumbnail) {
    std::string letters;
    for (const Pixel& pixel : corner_pixels_of(thumbnail)) {
        REQUIRE(pixel.size() == 3);
        for (const auto& [name, value] : {std::pair("r", pixel[0]), {"g", pixel[1]}, {"b", pixel[2]}})
            if (value > 220)
                letters += name;
            else if (value > 35)
                letters += "?";
        letters += " ";
    }
    return letters;
}

}  // namespace mxcd::test
