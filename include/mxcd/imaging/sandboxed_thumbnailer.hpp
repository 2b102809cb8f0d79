#pragma once

#include "mxcd/base/metrics.hpp"
#include "mxcd/media/thumbnailer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

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
    /// The program that runs run_decoder_process() when it is called with `decoder` as its only argument.
    std::filesystem::path program = "/proc/self/exe";
};

/// The argument that makes the program a decoder process.
inline constexpr const char* decoder_verb = "decoder";

/// Decodes every picture in a process of its own that lives for this one decode: forked from a decoder
/// process that never saw a secret or another user's picture, without file system, network or any descriptor
/// but input and result, and with little memory and time. The decoder process is this program executed anew,
/// so it shares no memory with the service; when it dies another one is started. is_ready() turns true when
/// it has shown that it decodes what it should and nothing else. Does not block.
[[nodiscard]] std::unique_ptr<media::Thumbnailer> make_sandboxed_thumbnailer(const ThumbnailerConfig& config,
                                                                             base::Metrics& metrics);

/// The life of a decoder process, until the service at the other end of standard input is gone. For a
/// process that has done nothing else. The exit code.
[[nodiscard]] int run_decoder_process();

}  // namespace mxcd::imaging
