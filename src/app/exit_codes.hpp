#pragma once

#include <stdexcept>
#include <string>

namespace mxcd::app {

/// sysexits.h, as the contract uses them.
enum class ExitCode : int {
    ok = 0,
    usage = 64,
    damaged_data = 65,
    unavailable = 69,
    os_error = 71,
    in_use = 75,
    permission = 77,
    configuration = 78,
};

/// Ends a command with a sentence for the operator.
struct CommandError : std::runtime_error {
    CommandError(ExitCode code, const std::string& sentence)
        : std::runtime_error(sentence), exit_code(code) {}
    ExitCode exit_code;
};

/// What an exception means for whoever started us.
[[nodiscard]] ExitCode exit_code_of(const std::exception& failure);

}  // namespace mxcd::app
