#pragma once

#include "mxcd/plugin.h"

#include "plugin_calls.hpp"

#include <cstddef>

namespace mxcd::modules {

/// What a plugin's answer says, whatever the callback: a value in the form that callbacks have in JSON. An
/// answer that cannot be read is a failure.
[[nodiscard]] PluginAnswer allowed_answer(int is_allowed);
[[nodiscard]] PluginAnswer limits_answer(const mxcd_limit* limits, std::size_t count);
[[nodiscard]] PluginAnswer verdict_answer(int verdict, const mxcd_error* rejection);
[[nodiscard]] PluginAnswer json_answer(const char* text);
[[nodiscard]] PluginAnswer error_answer(const mxcd_error* error);
[[nodiscard]] PluginAnswer failure_answer(const char* reason);

}  // namespace mxcd::modules
