#pragma once

#include "video_input.hpp"
#include "video_library.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace mxcd::imaging {

/// A video's container, opened: its headers are read. It opens no other file, whatever they say.
class VideoFile {
  public:
    /// With the demuxer of that name, or with the one that FFmpeg takes it for, if it is allowed. Throws
    /// Undecodable.
    VideoFile(const VideoLibrary& av, std::span<const std::byte> bytes, const char* demuxer);

    /// The first stream with moving pictures; the others are left out from here on. Throws Undecodable.
    [[nodiscard]] const AVStream& choose_stream();
    /// The next packet of that stream that a frame can be made of alone and that is shown. Throws Undecodable
    /// when there is none.
    [[nodiscard]] Owned<AVPacket> next_key_packet(const AVStream& stream);

  private:
    const VideoLibrary& av_;
    VideoInput input_;
    Owned<AVFormatContext> context_;
};

}  // namespace mxcd::imaging
