#pragma once

#include "mxcd/media/media_module.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mxcd::modules {

/// `module`, asked only the callbacks that are named (contract section 5): those that a module entry selects,
/// or those that a module in a child process has. It has no opinion about the others, and they cost nothing.
/// Quotas are no callback and always count.
[[nodiscard]] std::shared_ptr<media::MediaModule> select_callbacks(std::shared_ptr<media::MediaModule> module,
                                                                   const std::vector<std::string>& callbacks);

}  // namespace mxcd::modules
