#pragma once

namespace mxcd::app {

/// The whole program: parses the command line, runs the command and returns the exit code (contract section
/// 1). Prints one clear sentence to standard error when a command fails; nothing is thrown.
[[nodiscard]] int run_command_line(int argc, const char* const* argv);

}  // namespace mxcd::app
