#pragma once

#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include "zygote.hpp"

namespace mxcd::imaging {

/// Loads what a decoder process of this kind needs from the disk. Throws std::runtime_error when it is not
/// installed.
[[nodiscard]] LoadedDecoder load_decoder(DecoderKind kind);

}  // namespace mxcd::imaging
