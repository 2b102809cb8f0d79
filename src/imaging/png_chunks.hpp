#pragma once

#include <string_view>

namespace mxcd::imaging {

/// What the chunks of a PNG say without decoding anything.
struct PngChunks {
    bool is_animated = false;
    /// The chunks run to the end chunk, and their data could unpack to as many pixels as the header claims:
    /// libvips paints what is missing black, as if nothing had happened.
    bool is_whole = false;
};

/// `png` begins with the PNG signature.
[[nodiscard]] PngChunks read_png_chunks(std::string_view png);

}  // namespace mxcd::imaging
