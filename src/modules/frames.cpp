#include "frames.hpp"

#include <array>
#include <cstdint>

namespace mxcd::modules {

namespace {

constexpr std::size_t length_bytes = 4;

std::string length_of(std::size_t size) {
    std::string length(length_bytes, '\0');
    for (std::size_t i = 0; i < length_bytes; ++i)
        length[i] = static_cast<char>(size >> (8 * (length_bytes - 1 - i)) & 0xff);
    return length;
}

std::size_t read_length(std::string_view bytes) {
    std::size_t length = 0;
    for (const char byte : bytes.substr(0, length_bytes))
        length = length << 8 | static_cast<unsigned char>(byte);
    return length;
}

}  // namespace

std::string frame_of(const matrix::Json& json, std::size_t longest) {
    const std::string text = matrix::to_text(json);
    if (text.size() > longest) throw BadFrame("a frame would be longer than " + std::to_string(longest));
    return length_of(text.size()) + text;
}

std::optional<matrix::Json> FrameReader::next() {
    const std::string_view rest = std::string_view(bytes_).substr(read_);
    const std::size_t length = rest.size() < length_bytes ? 0 : read_length(rest);
    if (length > longest_) throw BadFrame("a frame of " + std::to_string(length) + " bytes");
    if (rest.size() < length_bytes || rest.size() < length_bytes + length) {
        bytes_.erase(0, read_);
        read_ = 0;
        return std::nullopt;
    }
    std::optional<matrix::Json> frame = matrix::parse_json(rest.substr(length_bytes, length), longest_);
    if (!frame || !frame->is_object()) throw BadFrame("a frame that is no JSON object");
    read_ += length_bytes + length;
    return frame;
}

}  // namespace mxcd::modules
