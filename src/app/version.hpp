#pragma once

#include <string>

namespace mxcd::app {

/// e.g. "0.1.0"
[[nodiscard]] std::string version();
/// Compiler, libraries and options of this build, on one line.
[[nodiscard]] std::string build_facts();

}  // namespace mxcd::app
