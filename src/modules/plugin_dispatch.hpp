#pragma once

#include "mxcd/base/unique_fd.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/plugin.h"

#include "plugin.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mxcd::modules {

/// The names of the callbacks that a plugin has.
[[nodiscard]] std::vector<std::string> callbacks_of(const mxcd_plugin& table);

/// Calls a callback by its name, with arguments in their JSON form (callback_json.hpp) and the file of
/// check_media_file. A name that is none of callbacks_of() is answered with a failure. Throws
/// nlohmann::json::exception when arguments are missing, which nobody but us can be to blame for.
void call_plugin(Plugin& plugin, const std::string& callback, std::uint64_t number,
                 const matrix::Json& arguments, base::UniqueFd file);

}  // namespace mxcd::modules
