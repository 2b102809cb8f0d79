#pragma once

#include "mxcd/async/task_group.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/media/module_chain.hpp"

#include "configuration.hpp"

#include <memory>
#include <vector>

namespace mxcd::app {

struct ModuleDependencies {
    async::TaskGroup& background;
    base::Metrics& metrics;
};

/// The chain of `modules`, in their order. Shared with requests that began under it (UploadPolicy).
[[nodiscard]] std::shared_ptr<const media::ModuleChain> make_module_chain(
    const std::vector<ModuleConfig>& configs, ModuleDependencies dependencies);

}  // namespace mxcd::app
