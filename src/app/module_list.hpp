#pragma once

#include "mxcd/async/task_group.hpp"
#include "mxcd/async/worker_pool.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/media/file_offers.hpp"
#include "mxcd/media/module_chain.hpp"
#include "mxcd/modules/children.hpp"
#include "mxcd/outbound/client.hpp"

#include "configuration.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace mxcd::app {

struct ModuleDependencies {
    async::TaskGroup& background;
    outbound::Client& client;
    const base::Clock& clock;
    base::RandomSource& random;
    async::WorkerPool& workers;
    media::FileOffers& files;
    modules::Children& children;
    const modules::PythonConfig& python;
    modules::PythonSurroundings surroundings;
    base::Metrics& metrics;
};

/// What Python modules hear of us; outside the service there is no `media`.
[[nodiscard]] modules::PythonSurroundings surroundings_of(const Configuration& configuration,
                                                          std::optional<modules::PythonMedia> media);

/// The entries of `modules`, in their order; blocks until those in child processes are loaded. Throws
/// modules::LoadError.
[[nodiscard]] std::vector<media::ChainEntry> make_chain_entries(const std::vector<ModuleConfig>& configs,
                                                                const ModuleDependencies& dependencies);

/// The chain of `modules`, in their order. Shared with requests that began under it (UploadPolicy).
/// Throws modules::LoadError.
[[nodiscard]] std::shared_ptr<const media::ModuleChain> make_module_chain(
    const std::vector<ModuleConfig>& configs, const ModuleDependencies& dependencies);

}  // namespace mxcd::app
