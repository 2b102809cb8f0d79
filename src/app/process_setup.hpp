#pragma once

#include <csignal>
#include <cstddef>

namespace mxcd::app {

/// Core files would hold tokens: none are written. New files are ours alone, and as many may be open as the
/// system lets us.
void set_process_limits();

/// Blocks the signals that the main loop waits for, in this thread and those it will start, and ignores
/// SIGPIPE. Returns the blocked ones.
[[nodiscard]] sigset_t block_signals();

/// MXCD_IO_THREADS (for benchmarks), else the number of cores.
[[nodiscard]] std::size_t io_thread_count();

}  // namespace mxcd::app
