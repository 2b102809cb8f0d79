#pragma once

#include <span>

namespace mxcd::modules {

/// A script of src/modules/python, compiled in: its path there and its text.
struct PythonScript {
    const char* path;
    const char* text;
};

[[nodiscard]] std::span<const PythonScript> python_scripts();

}  // namespace mxcd::modules
