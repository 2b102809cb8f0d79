#pragma once

#include "configuration.hpp"
#include "exit_codes.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mxcd::app {

/// Where to ask whether a service is ready.
struct ProbeTarget {
    std::string url;
    std::string unix_socket;  // empty: the URL's host
};

/// The target that a user named: a URL, perhaps without a path, or `unix:PATH`. Throws CommandError (64).
[[nodiscard]] ProbeTarget target_of(const std::string& url);

/// The first listener that serves health; the service's own socket where only it knows the port (0). Throws
/// CommandError (78) when there is none.
[[nodiscard]] ProbeTarget target_of(const Configuration& configuration);

/// `mxcd healthcheck`: ok when the service says that it is ready, else unavailable, with a line on standard
/// error.
[[nodiscard]] ExitCode probe(const ProbeTarget& target);

}  // namespace mxcd::app
