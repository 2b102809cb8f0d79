#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include "decode.hpp"
#include "zygote.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace mxcd::imaging {

int run_decoder_process() {
    syscall(SYS_close_range, 3U, ~0U, 0U);
    const auto prepare = [] {
        return DecodeWork(
            [vips = VipsLibrary()](const DecodeOrder& order, std::span<const std::byte> input,
                                   const ResultWriter& result) { decode(vips, order, input, result); });
    };
    return serve_decodes(STDIN_FILENO, prepare);
}

}  // namespace mxcd::imaging
