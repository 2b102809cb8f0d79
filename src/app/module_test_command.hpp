#pragma once

#include "configuration.hpp"
#include "exit_codes.hpp"

#include <string>

namespace mxcd::app {

struct ModuleTest {
    std::string user;
    std::string size;  // as in the configuration: 5M
};

/// `mxcd module test`: asks the module chain what it says of a user and a size, as an upload would, and
/// prints who said what in how many milliseconds. Nothing is uploaded, and the service need not run: what the
/// user has stored is not known, and nobody looks at a file. Exit code 69 when a module failed or was late, 0
/// when all answered, refusals included. Throws CommandError (64).
ExitCode test_modules(const Configuration& configuration, const ModuleTest& test);

}  // namespace mxcd::app
