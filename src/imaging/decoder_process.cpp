#include "decoder_process.hpp"

#include "decode.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace mxcd::imaging {

namespace {

/// FFmpeg's libraries and what they depend on, on Debian: 80 MiB, and room for the next version's.
constexpr std::int64_t video_libraries = 128LL * 1024 * 1024;

LoadedDecoder load_for_images() {
    return {[vips = VipsLibrary()](const DecodeOrder& order, std::span<const std::byte> input,
                                   const ResultWriter& result) { decode(vips, order, input, result); }};
}

LoadedDecoder load_for_videos() {
    return {[vips = VipsLibrary(), av = VideoLibrary()](
                const DecodeOrder& order, std::span<const std::byte> input, const ResultWriter& result) {
                decode_video(vips, av, order, input, result);
            },
            video_libraries};
}

}  // namespace

std::optional<DecoderKind> decoder_called(std::string_view verb) {
    for (const DecoderKind kind : {DecoderKind::images, DecoderKind::videos})
        if (verb == verb_of(kind)) return kind;
    return std::nullopt;
}

const char* verb_of(DecoderKind kind) { return kind == DecoderKind::videos ? "video-decoder" : "decoder"; }

LoadedDecoder load_decoder(DecoderKind kind) {
    return kind == DecoderKind::videos ? load_for_videos() : load_for_images();
}

int run_decoder_process(DecoderKind kind) {
    syscall(SYS_close_range, 3U, ~0U, 0U);
    return serve_decodes(STDIN_FILENO, [kind] { return load_decoder(kind); });
}

}  // namespace mxcd::imaging
