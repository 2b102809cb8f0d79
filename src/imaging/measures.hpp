#pragma once

#include "decode_order.hpp"

#include <cstdint>

namespace mxcd::imaging {

struct Dimensions {
    std::int32_t width = 0;
    std::int32_t height = 0;
    [[nodiscard]] std::int64_t pixels() const { return std::int64_t{width} * height; }
    friend bool operator==(const Dimensions&, const Dimensions&) = default;
};

/// The smallest size with the picture's aspect ratio that covers the box, at most the picture's own. Spec:
/// Client-Server API, "Thumbnails": not smaller than requested, not larger than the picture.
[[nodiscard]] Dimensions covering(Dimensions picture, const OrderedForm& box);

/// By how much a JPEG may be shrunk while it is decoded, 1, 2, 4 or 8, so that enough is left to shrink with
/// a better filter. Both sizes upright.
[[nodiscard]] int jpeg_shrink(Dimensions picture, Dimensions wanted);

/// Whether the picture has no pixel to spare for the box, so that it serves as it is.
[[nodiscard]] bool is_small_for(Dimensions picture, const OrderedForm& box);

}  // namespace mxcd::imaging
