#pragma once

#include "decode_order.hpp"
#include "result_writer.hpp"

#include <cstddef>
#include <functional>
#include <span>

namespace mxcd::imaging {

/// The work of one decode. Runs in a process of its own, inside the sandbox.
using DecodeWork = std::function<void(const DecodeOrder&, std::span<const std::byte>, const ResultWriter&)>;

/// Serves orders that come through `control` until its other end is closed: each gets a process that lives
/// for this order. `prepare` loads what the work needs, before the sandbox closes the file system; what it
/// throws is told to the service, and ends the process. Single-threaded. The exit code.
[[nodiscard]] int serve_decodes(int control, const std::function<DecodeWork()>& prepare);

}  // namespace mxcd::imaging
