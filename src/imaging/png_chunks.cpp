#include "png_chunks.hpp"

#include <cstddef>
#include <cstdint>

namespace mxcd::imaging {

namespace {

constexpr std::size_t signature = 8;
/// Length, name and checksum around a chunk's data.
constexpr std::size_t frame = 12;
constexpr std::size_t header_size = 13;
/// No deflate stream unpacks to more than this times its size.
constexpr std::uint64_t most_per_byte = 1032;

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes.substr(0, 4)) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
}

std::uint64_t channels(unsigned colour_type) {
    switch (colour_type) {
        case 2:
            return 3;
        case 4:
            return 2;
        case 6:
            return 4;
        default:
            return 1;
    }
}

/// Unpacked size of the pixels.
std::uint64_t raw_size(std::string_view header) {
    const std::uint64_t bits =
        static_cast<unsigned char>(header[8]) * channels(static_cast<unsigned char>(header[9]));
    return (big_endian(header) * bits + 7) / 8 * big_endian(header.substr(4));
}

}  // namespace

PngChunks read_png_chunks(std::string_view png) {
    PngChunks chunks;
    std::uint64_t raw = 0;
    std::uint64_t packed = 0;
    for (std::size_t at = signature; at + frame <= png.size();) {
        const std::uint64_t size = big_endian(png.substr(at));
        const std::string_view name = png.substr(at + 4, 4);
        if (size > png.size() - at - frame) break;
        if (name == "IHDR" && size >= header_size) raw = raw_size(png.substr(at + 8, header_size));
        if (name == "acTL") chunks.is_animated = true;
        if (name == "IDAT") packed += size;
        if (name == "IEND") {
            chunks.is_whole = packed * most_per_byte >= raw;
            break;
        }
        at += frame + static_cast<std::size_t>(size);
    }
    return chunks;
}

}  // namespace mxcd::imaging
