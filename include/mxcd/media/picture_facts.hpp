#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mxcd::media {

/// What is known about a picture.
struct PictureFacts {
    // Pixels, upright.
    std::int32_t width = 0;
    std::int32_t height = 0;
    /// BlurHash of 4 by 3 components: a blurred preview as text. Nothing when the decode made no still
    /// picture, or when there was none because it has too many pixels.
    std::optional<std::string> blurhash;
    friend bool operator==(const PictureFacts&, const PictureFacts&) = default;
};

}  // namespace mxcd::media
