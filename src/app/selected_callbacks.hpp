#pragma once

#include "mxcd/media/media_module.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mxcd::app {

/// `module`, asked only the callbacks that are named (contract section 5; `callbacks` of a module entry). It
/// has no opinion about the others. Quotas are no callback and always count.
[[nodiscard]] std::shared_ptr<media::MediaModule> select_callbacks(std::shared_ptr<media::MediaModule> module,
                                                                   const std::vector<std::string>& callbacks);

}  // namespace mxcd::app
