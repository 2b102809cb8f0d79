#pragma once

#include "mxcd/media/thumbnailer.hpp"

#include "blurhash.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

// What the service and its decoder processes say to each other: plain structures, because both ends are the
// same program. Everything that comes from a decode is checked, because it comes from an attacker.
namespace mxcd::imaging {

inline constexpr std::size_t max_forms = 16;
inline constexpr std::size_t max_result_bytes = 32 * 1024 * 1024;
/// Packets are smaller than what a socket takes at once.
inline constexpr std::size_t max_packet = 64 * 1024;

struct OrderedForm {
    std::int32_t width;
    std::int32_t height;
    std::uint8_t is_crop;
    std::uint8_t is_animated;
    std::uint8_t prefers_webp;
};

/// Service to decoder process, with two descriptors: the picture and where the result goes.
struct DecodeOrder {
    std::int64_t input_size = 0;
    std::int64_t max_pixels = 0;
    std::uint32_t form_count = 0;
    /// For the self-test: let libvips find the loader, whatever the first bytes say.
    std::uint8_t trusts_loaders = 0;
    std::array<OrderedForm, max_forms> forms{};

    [[nodiscard]] std::span<const OrderedForm> wanted() const { return std::span(forms).first(form_count); }
};

/// Decoder process to service, once: whether the sandbox could be built.
struct Greeting {
    std::uint32_t is_sound = 0;
    char trouble[120] = {};
};

enum class Verdict : std::uint32_t { made = 1, not_an_image = 2, too_large = 3 };

/// Decode to service: this, then for each thumbnail its head and its bytes, as a stream of packets.
struct ResultHead {
    Verdict verdict = Verdict::not_an_image;
    std::uint32_t count = 0;
    // Of the picture, upright; of no picture, and of one whose size is not known, 0.
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::uint32_t has_blurhash = 0;
    BlurHash blurhash{};
};

struct ThumbnailHead {
    std::uint32_t type = 0;
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::uint32_t is_original = 0;
    std::uint64_t size = 0;
};

static_assert(std::is_trivially_copyable_v<DecodeOrder> && std::is_trivially_copyable_v<ThumbnailHead>);

}  // namespace mxcd::imaging
