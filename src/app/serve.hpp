#pragma once

#include "exit_codes.hpp"

#include <filesystem>
#include <vector>

namespace mxcd::app {

/// `mxcd serve`: runs the service until SIGTERM or SIGINT. SIGHUP reads `files` again. Called on the main
/// thread, before any other thread exists. Throws what Service throws.
[[nodiscard]] ExitCode serve(const std::vector<std::filesystem::path>& files);

}  // namespace mxcd::app
