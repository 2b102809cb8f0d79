#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace mxcd::base {

/// A number of bytes: signed, 64 bits wide. Sums and differences saturate instead of wrapping, so a
/// comparison such as `used + size > limit` is right for every value a client can send.
class ByteCount {
  public:
    constexpr ByteCount() = default;
    constexpr explicit ByteCount(std::int64_t bytes) : bytes_(bytes) {}

    [[nodiscard]] constexpr std::int64_t value() const { return bytes_; }
    [[nodiscard]] static constexpr ByteCount max() {
        return ByteCount(std::numeric_limits<std::int64_t>::max());
    }

    friend constexpr auto operator<=>(ByteCount, ByteCount) = default;

    friend constexpr ByteCount operator+(ByteCount left, ByteCount right) {
        std::int64_t sum = 0;
        if (__builtin_add_overflow(left.bytes_, right.bytes_, &sum))
            return ByteCount(right.bytes_ < 0 ? std::numeric_limits<std::int64_t>::min()
                                              : std::numeric_limits<std::int64_t>::max());
        return ByteCount(sum);
    }

    friend constexpr ByteCount operator-(ByteCount left, ByteCount right) {
        std::int64_t difference = 0;
        if (__builtin_sub_overflow(left.bytes_, right.bytes_, &difference))
            return ByteCount(right.bytes_ > 0 ? std::numeric_limits<std::int64_t>::min()
                                              : std::numeric_limits<std::int64_t>::max());
        return ByteCount(difference);
    }

    constexpr ByteCount& operator+=(ByteCount other) { return *this = *this + other; }
    constexpr ByteCount& operator-=(ByteCount other) { return *this = *this - other; }

  private:
    std::int64_t bytes_ = 0;
};

inline namespace literals {
constexpr ByteCount operator""_B(unsigned long long n) { return ByteCount(static_cast<std::int64_t>(n)); }
constexpr ByteCount operator""_KiB(unsigned long long n) {
    return ByteCount(static_cast<std::int64_t>(n) * 1024);
}
constexpr ByteCount operator""_MiB(unsigned long long n) {
    return ByteCount(static_cast<std::int64_t>(n) * 1024 * 1024);
}
constexpr ByteCount operator""_GiB(unsigned long long n) {
    return ByteCount(static_cast<std::int64_t>(n) * 1024 * 1024 * 1024);
}
}  // namespace literals

}  // namespace mxcd::base
