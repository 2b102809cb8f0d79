#pragma once

#include "mxcd/matrix/json.hpp"

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mxcd::modules {

inline constexpr std::size_t longest_frame_to_child = std::size_t{1024} * 1024;
inline constexpr std::size_t longest_frame_from_child = std::size_t{64} * 1024;

/// What came is no frame: too long, or no JSON object.
struct BadFrame : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The bytes of one frame: a length of 4 bytes, big-endian, and the JSON. Throws BadFrame when it is longer
/// than `longest`.
[[nodiscard]] std::string frame_of(const matrix::Json& json, std::size_t longest = longest_frame_to_child);

/// Finds frames in a stream of bytes. Holds at most one frame and what was added after it.
class FrameReader {
  public:
    explicit FrameReader(std::size_t longest) : longest_(longest) {}

    void add(std::string_view bytes) { bytes_.append(bytes); }
    /// The next frame; nothing until more bytes have come. Throws BadFrame.
    [[nodiscard]] std::optional<matrix::Json> next();

  private:
    const std::size_t longest_;
    std::string bytes_;
    std::size_t read_ = 0;  // how much of bytes_ was given out
};

}  // namespace mxcd::modules
