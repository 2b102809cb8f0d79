#pragma once

#include "configuration.hpp"

#include <map>
#include <string>
#include <vector>

namespace mxcd::app {

/// What the configuration comes to: one line of text per key, secrets left out. For comparing configurations.
[[nodiscard]] std::map<std::string, std::string> effective_settings(const Configuration& configuration);

/// The keys that a reload cannot change: listeners, database and store. Those of them that differ.
[[nodiscard]] std::vector<std::string> restart_keys(const Configuration& running, const Configuration& next);

}  // namespace mxcd::app
