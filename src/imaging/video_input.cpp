#include "video_input.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>

namespace mxcd::imaging {

namespace {

constexpr int buffer_size = 32 * 1024;
/// A first frame and the index of hours of video are smaller by far.
constexpr std::int64_t max_bytes_read = 64 * 1024 * 1024;

}  // namespace

VideoInput::VideoInput(const VideoLibrary& av, std::span<const std::byte> bytes)
    : av_(av), bytes_(bytes), allowance_(max_bytes_read) {
    // The context owns its buffer, and may replace it.
    auto* const buffer = static_cast<unsigned char*>(av_.allocate(buffer_size));
    if (buffer == nullptr) throw std::bad_alloc();
    context_ =
        av_.io_alloc_context(buffer, buffer_size, 0, this, &VideoInput::read, nullptr, &VideoInput::seek);
    if (context_ == nullptr) throw std::bad_alloc();
}

VideoInput::~VideoInput() {
    av_.free_pointer(static_cast<void*>(&context_->buffer));
    av_.io_context_free(&context_);
}

int VideoInput::read(void* self, std::uint8_t* into, int size) {
    auto& input = *static_cast<VideoInput*>(self);
    const std::size_t count =
        std::min(static_cast<std::size_t>(std::max(size, 0)), input.bytes_.size() - input.position_);
    input.allowance_ -= static_cast<std::int64_t>(count);
    if (count == 0 || input.allowance_ < 0) return AVERROR_EOF;
    std::memcpy(into, input.bytes_.data() + input.position_, count);
    input.position_ += count;
    return static_cast<int>(count);
}

std::int64_t VideoInput::seek(void* self, std::int64_t offset, int whence) {
    auto& input = *static_cast<VideoInput*>(self);
    const auto size = static_cast<std::int64_t>(input.bytes_.size());
    if (whence == AVSEEK_SIZE) return size;
    // FFmpeg itself turns every other kind of seeking into this one.
    if (whence != SEEK_SET || offset < 0 || offset > size) return AVERROR(EINVAL);
    input.position_ = static_cast<std::size_t>(offset);
    return offset;
}

}  // namespace mxcd::imaging
