#include "measures.hpp"

#include <algorithm>

namespace mxcd::imaging {

namespace {

/// `length` scaled by part/whole, rounded.
std::int32_t scaled(std::int32_t length, std::int32_t part, std::int32_t whole) {
    const std::int64_t product = std::int64_t{length} * part;
    return static_cast<std::int32_t>((product + whole / 2) / whole);
}

}  // namespace

bool is_small_for(Dimensions picture, const OrderedForm& box) {
    if (box.is_crop == 0) return box.width >= picture.width || box.height >= picture.height;
    const bool is_exact = box.width == picture.width && box.height == picture.height;
    return is_exact || box.width > picture.width || box.height > picture.height;
}

int jpeg_shrink(Dimensions picture, Dimensions wanted) {
    // libjpeg's shrinking is as good as any but for the last step: a fifth more than is wanted hides that.
    for (const int shrink : {8, 4, 2}) {
        const std::int64_t least = std::int64_t{shrink} * 6;
        const bool leaves_enough = std::int64_t{picture.width} * 5 >= wanted.width * least &&
                                   std::int64_t{picture.height} * 5 >= wanted.height * least;
        if (leaves_enough) return shrink;
    }
    return 1;
}

Dimensions covering(Dimensions picture, const OrderedForm& box) {
    if (box.width >= picture.width || box.height >= picture.height) return picture;
    // The side that needs the larger factor is met exactly.
    const bool width_decides =
        std::int64_t{box.width} * picture.height >= std::int64_t{box.height} * picture.width;
    if (width_decides)
        return {box.width, std::max(box.height, scaled(picture.height, box.width, picture.width))};
    return {std::max(box.width, scaled(picture.width, box.height, picture.height)), box.height};
}

}  // namespace mxcd::imaging
