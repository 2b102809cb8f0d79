#pragma once

#include "blurhash.hpp"
#include "measures.hpp"
#include "vips_library.hpp"

#include <optional>

namespace mxcd::imaging {

/// What is enough of a picture for its hash: more pixels tell nothing more. Its aspect ratio does not matter.
[[nodiscard]] Dimensions hashed_size(Dimensions picture);

/// The hash of a picture, made from pixels in memory of any size; what is transparent counts as white.
/// Nothing when libvips cannot do it.
[[nodiscard]] std::optional<BlurHash> blurred(const VipsLibrary& vips, VipsImage* pixels, Dimensions picture);

}  // namespace mxcd::imaging
