#include "module_list.hpp"

#include "selected_callbacks.hpp"

#include <algorithm>
#include <utility>

namespace mxcd::app {

namespace {

std::shared_ptr<media::MediaModule> make_builtin(const ModuleConfig::Kind& kind) {
    if (const auto* tiers = std::get_if<modules::UserTiersConfig>(&kind))
        return modules::make_user_tiers(*tiers);
    if (const auto* policy = std::get_if<modules::MimePolicyConfig>(&kind))
        return modules::make_mime_policy(*policy);
    return modules::make_total_quota(std::get<modules::TotalQuotaConfig>(kind));
}

}  // namespace

std::shared_ptr<const media::ModuleChain> make_module_chain(const std::vector<ModuleConfig>& configs,
                                                            ModuleDependencies dependencies) {
    std::vector<media::ChainEntry> entries;
    for (const ModuleConfig& config : configs) {
        std::shared_ptr<media::MediaModule> module = make_builtin(config.kind);
        if (config.callbacks) module = select_callbacks(std::move(module), *config.callbacks);
        entries.push_back({config.name, std::move(module), config.timeout, config.on_error});
    }
    return std::make_shared<const media::ModuleChain>(std::move(entries), dependencies.background,
                                                      dependencies.metrics);
}

}  // namespace mxcd::app
