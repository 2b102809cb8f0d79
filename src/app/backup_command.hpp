#pragma once

#include "configuration.hpp"
#include "exit_codes.hpp"

#include <filesystem>

namespace mxcd::app {

/// `mxcd backup DIR`: asks the running service, through the control socket in its store, for a copy of
/// database and store in `folder`, and waits for it; progress goes to standard error when that is a terminal.
/// Throws CommandError.
[[nodiscard]] ExitCode back_up(const Configuration& configuration, const std::filesystem::path& folder);

}  // namespace mxcd::app
