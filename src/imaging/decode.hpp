#pragma once

#include "decode_order.hpp"
#include "result_writer.hpp"
#include "source_picture.hpp"
#include "video_library.hpp"
#include "vips_library.hpp"

#include <cstddef>
#include <span>

namespace mxcd::imaging {

/// The work of one decode: reads the picture, makes what is ordered and sends it. Runs inside the sandbox; a
/// picture that makes it crash or loop harms only its own process.
void decode(const VipsLibrary& vips, const DecodeOrder& order, std::span<const std::byte> input,
            const ResultWriter& result);

/// As decode(), of the first frame of a video.
void decode_video(const VipsLibrary& vips, const VideoLibrary& av, const DecodeOrder& order,
                  std::span<const std::byte> input, const ResultWriter& result);

/// What both do once they know what the picture is like. Throws Undecodable.
void make_thumbnails(const VipsLibrary& vips, const DecodeOrder& order, const SourcePicture& source,
                     const ResultWriter& result);

}  // namespace mxcd::imaging
