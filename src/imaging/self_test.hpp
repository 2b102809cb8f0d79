#pragma once

#include "decoder_host.hpp"

namespace mxcd::imaging {

/// Shows that a new decoder process decodes a PNG, and does not decode a TIFF whatever its name says, even
/// when libvips is left to find the loader; or, one for videos, the same with a WebM and a GIF and FFmpeg.
/// Throws base::UpstreamError.
void require_sound(const DecoderHost& host, DecoderKind kind);

}  // namespace mxcd::imaging
