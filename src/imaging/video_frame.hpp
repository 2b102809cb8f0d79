#pragma once

#include "measures.hpp"
#include "video_library.hpp"
#include "vips_library.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace mxcd::imaging {

/// Thrown inside a decode: a frame has more pixels than are decoded.
struct TooManyPixels {
    Dimensions size;  // upright; 0 when no number here holds it
};

/// Whether FFmpeg, left to find out by itself, takes the bytes for a kind of file that it may read here.
[[nodiscard]] bool can_open_video(const VideoLibrary& av, std::span<const std::byte> bytes);

/// The first key frame of a video that is shown, decoded. Nothing else of the video is.
class VideoFrame {
  public:
    /// MP4, QuickTime, Matroska and WebM with H.264, H.265, VP8, VP9 or AV1. Throws Undecodable,
    /// TooManyPixels.
    VideoFrame(const VideoLibrary& av, std::span<const std::byte> bytes, std::int64_t max_pixels);

    /// As it is shown: upright, with square pixels.
    [[nodiscard]] Dimensions size() const { return size_; }
    /// In sRGB, at this upright size, in memory. Throws Undecodable.
    [[nodiscard]] Picture scaled(const VipsLibrary& vips, Dimensions upright) const;

  private:
    const VideoLibrary& av_;
    Owned<AVFrame> frame_;
    int orientation_;  // as EXIF counts
    Dimensions size_;
};

}  // namespace mxcd::imaging
