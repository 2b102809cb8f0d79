#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace mxcd::test {

namespace detail {

inline void append_number(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> static_cast<unsigned>(shift));
}

inline std::uint32_t crc32(const std::string& bytes) {
    std::uint32_t crc = ~0U;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ (0xEDB88320U & (0U - (crc & 1U)));
    }
    return ~crc;
}

inline std::uint32_t adler32(const std::string& bytes) {
    std::uint32_t a = 1;
    std::uint32_t b = 0;
    for (const char byte : bytes) {
        a = (a + static_cast<unsigned char>(byte)) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16U | a;
}

/// A zlib stream without compression.
inline std::string stored(const std::string& bytes) {
    std::string out = "\x78\x01";
    for (std::size_t at = 0; at < bytes.size(); at += 65535) {
        const std::string piece = bytes.substr(at, 65535);
        const auto size = static_cast<std::uint16_t>(piece.size());
        out += at + 65535 >= bytes.size() ? '\1' : '\0';
        for (const std::uint16_t number : {size, static_cast<std::uint16_t>(~size)}) {
            out += static_cast<char>(number & 0xffU);
            out += static_cast<char>(number >> 8U);
        }
        out += piece;
    }
    append_number(out, adler32(bytes));
    return out;
}

inline std::string chunk(const std::string& name, const std::string& data) {
    std::string out;
    append_number(out, static_cast<std::uint32_t>(data.size()));
    out += name + data;
    append_number(out, crc32(name + data));
    return out;
}

}  // namespace detail

/// A grey PNG of this size: a gradient, so that no two sizes look the same.
inline std::string test_png(std::int32_t width, std::int32_t height) {
    std::string rows;
    for (std::int32_t y = 0; y < height; ++y) {
        rows += '\0';
        for (std::int32_t x = 0; x < width; ++x) rows += static_cast<char>((x + 2 * y) % 251);
    }
    std::string header;
    detail::append_number(header, static_cast<std::uint32_t>(width));
    detail::append_number(header, static_cast<std::uint32_t>(height));
    header += std::string("\x08\x00\x00\x00\x00", 5);
    return "\x89PNG\r\n\x1a\n" + detail::chunk("IHDR", header) + detail::chunk("IDAT", detail::stored(rows)) +
           detail::chunk("IEND", "");
}

/// Width and height that a PNG's header says; nothing when it is no PNG.
inline std::optional<std::pair<std::int32_t, std::int32_t>> png_size(const std::string& bytes) {
    if (!bytes.starts_with("\x89PNG\r\n\x1a\n") || bytes.size() < 24) return std::nullopt;
    std::array<std::int32_t, 2> sides{};
    for (std::size_t side = 0; side < 2; ++side)
        for (std::size_t i = 0; i < 4; ++i)
            sides.at(side) = sides.at(side) << 8 | static_cast<unsigned char>(bytes.at(16 + 4 * side + i));
    return std::pair(sides[0], sides[1]);
}

}  // namespace mxcd::test
