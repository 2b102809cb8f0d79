#pragma once

#include "mxcd/async/task.hpp"

#include <cstddef>
#include <span>

namespace mxcd::async {

/// Bytes that arrive over time, such as a request body. Not thread-safe: one reader, on its own io thread.
class ByteSource {
  public:
    virtual ~ByteSource() = default;

    /// Waits for the next piece and returns it; an empty piece is the end, and stays the end. A piece is
    /// valid until the next call (or the end of the source). Throws base::ClientGone when the sender hangs up
    /// early, base::MalformedBody on broken framing, TimedOut when the sender is slower than the minimum
    /// rate.
    virtual Task<std::span<const std::byte>> next() = 0;
};

}  // namespace mxcd::async
