#pragma once

#include "mxcd/plugin.h"

#include <filesystem>
#include <stdexcept>

namespace mxcd::modules {

/// A library is no plugin, or its plugin does not start: a sentence for the operator.
struct LibraryError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Loads a plugin's shared object and gives a copy of its table, in which callbacks that the plugin's minor
/// version does not know are null. The library stays loaded to the end of the process: threads of it may
/// still run. Throws LibraryError with a sentence: no such file, not a library, not a plugin, another ABI.
[[nodiscard]] mxcd_plugin load_plugin(const std::filesystem::path& library);

}  // namespace mxcd::modules
