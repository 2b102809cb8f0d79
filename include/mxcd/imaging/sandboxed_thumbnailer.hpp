#pragma once

#include "mxcd/base/metrics.hpp"
#include "mxcd/media/thumbnailer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace mxcd::imaging {

struct ThumbnailerConfig {
    /// Pictures with more pixels are refused before they are decoded.
    std::int64_t max_image_pixels = 32 * 1024 * 1024;
    /// Decodes at the same time, each with at most 400 MiB; 0: as many as there are cores, at most 4.
    std::size_t decodes_at_once = 0;
    /// Decodes that may wait for their turn; more are base::Overloaded.
    std::size_t queue_limit = 64;
    /// A decode that takes longer is killed.
    std::chrono::milliseconds deadline{6000};
    /// The program that runs run_decoder_process() when it is called with a decoder's verb as its only
    /// argument.
    std::filesystem::path program = "/proc/self/exe";
};

/// What a decoder process decodes.
enum class DecoderKind : std::uint8_t { images, videos };

/// The argument that makes the program a decoder process of this kind.
[[nodiscard]] const char* verb_of(DecoderKind kind);
/// Nothing when the argument means something else.
[[nodiscard]] std::optional<DecoderKind> decoder_called(std::string_view verb);

/// Decodes every picture in a process of its own that lives for this one decode: forked from a decoder
/// process that never saw a secret or another user's picture, without file system, network or any descriptor
/// but input and result, and with little memory and time. The decoder process is this program executed anew,
/// so it shares no memory with the service; when it dies another one is started. is_ready() turns true when
/// it has shown that it decodes what it should and nothing else. Videos have a decoder process of their own,
/// which is started for the first of them and decodes one at a time. Does not block.
[[nodiscard]] std::unique_ptr<media::Thumbnailer> make_sandboxed_thumbnailer(const ThumbnailerConfig& config,
                                                                             base::Metrics& metrics);

/// The life of a decoder process, until the service at the other end of standard input is gone. For a
/// process that has done nothing else. The exit code.
[[nodiscard]] int run_decoder_process(DecoderKind kind);

}  // namespace mxcd::imaging
