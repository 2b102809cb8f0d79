#pragma once

#include "measures.hpp"
#include "vips_library.hpp"

#include <cstddef>
#include <span>

namespace mxcd::imaging {

/// Thrown inside a decode: the bytes are no picture that we read, or a damaged one.
struct Undecodable {};

class VideoFrame;

/// A picture as it came, and what its header says.
struct SourcePicture {
    std::span<const std::byte> bytes;
    media::ImageType type = media::ImageType::jpeg;
    Dimensions size;          // upright
    std::int32_t frames = 1;  // of a GIF or WebP
    bool has_alpha = false;
    /// Its numbers are not those of sRGB or grey: a colour profile says what they mean, or they are CMYK.
    bool has_other_colours = false;
    /// A JPEG or PNG that may be shown as it is: one frame, upright, nothing about where it was taken.
    bool is_presentable = false;
    /// Where its pixels come from when it is a frame of a video; the bytes are then none of its own.
    const VideoFrame* video = nullptr;
};

/// Reads the header only, and of a picture with at most `max_pixels` whether its parts are all there. Throws
/// Undecodable.
[[nodiscard]] SourcePicture read_header(const VipsLibrary& vips, std::span<const std::byte> bytes,
                                        std::int64_t max_pixels);

}  // namespace mxcd::imaging
