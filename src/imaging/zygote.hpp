#pragma once

#include "decode_order.hpp"
#include "result_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace mxcd::imaging {

/// The work of one decode. Runs in a process of its own, inside the sandbox.
using DecodeWork = std::function<void(const DecodeOrder&, std::span<const std::byte>, const ResultWriter&)>;

/// What a decoder process has loaded.
struct LoadedDecoder {
    DecodeWork work;
    /// Address space of libraries besides libvips and those behind it.
    std::int64_t more_libraries = 0;
};

/// Serves orders that come through `control` until its other end is closed: each gets a process that lives
/// for this order. `prepare` loads what the work needs, before the sandbox closes the file system; what it
/// throws is told to the service, and ends the process. Single-threaded. The exit code.
[[nodiscard]] int serve_decodes(int control, const std::function<LoadedDecoder()>& prepare);

}  // namespace mxcd::imaging
