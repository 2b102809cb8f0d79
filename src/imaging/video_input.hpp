#pragma once

#include "video_library.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace mxcd::imaging {

/// Bytes in memory as FFmpeg reads a file. It names no file, so there is none beside it to be opened; and it
/// ends early for who reads far more than a first frame takes, over and over. Outlives whoever reads from it.
class VideoInput {
  public:
    VideoInput(const VideoLibrary& av, std::span<const std::byte> bytes);
    ~VideoInput();
    VideoInput(const VideoInput&) = delete;
    VideoInput& operator=(const VideoInput&) = delete;

    [[nodiscard]] AVIOContext* context() const { return context_; }

  private:
    static int read(void* self, std::uint8_t* into, int size);
    static std::int64_t seek(void* self, std::int64_t offset, int whence);

    const VideoLibrary& av_;
    std::span<const std::byte> bytes_;
    std::size_t position_ = 0;
    std::int64_t allowance_;
    AVIOContext* context_ = nullptr;
};

}  // namespace mxcd::imaging
