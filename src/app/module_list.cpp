#include "module_list.hpp"

#include "mxcd/modules/selected_callbacks.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace mxcd::app {

namespace {

using Module = std::shared_ptr<media::MediaModule>;

/// Makes a module of each kind.
struct Maker {
    const ModuleConfig& entry;
    const ModuleDependencies& on;

    Module operator()(const modules::UserTiersConfig& config) const {
        return modules::make_user_tiers(config);
    }
    Module operator()(const modules::MimePolicyConfig& config) const {
        return modules::make_mime_policy(config);
    }
    Module operator()(const modules::TotalQuotaConfig& config) const {
        return modules::make_total_quota(config);
    }
    Module operator()(modules::ClamdConfig config) const {
        config.timeout = entry.timeout;
        return modules::make_clamd(config, on.workers);
    }
    Module operator()(modules::WebhookConfig config) const {
        config.name = entry.name;
        config.timeout = entry.timeout;
        return modules::make_webhook(std::move(config),
                                     {on.client, on.clock, on.random, on.files, on.metrics});
    }
    Module operator()(modules::LibraryConfig config) const {
        config.name = entry.name;
        config.timeout = entry.timeout;
        return modules::make_library(config, {on.workers, on.children});
    }
    Module operator()(modules::PythonModuleConfig config) const {
        config.name = entry.name;
        config.timeout = entry.timeout;
        return modules::make_python_module(config, on.python, on.surroundings, on.children);
    }
};

}  // namespace

modules::PythonSurroundings surroundings_of(const Configuration& configuration,
                                            std::optional<modules::PythonMedia> media) {
    return {configuration.desk.server_name.text(), configuration.desk.public_baseurl, media};
}

std::vector<media::ChainEntry> make_chain_entries(const std::vector<ModuleConfig>& configs,
                                                  const ModuleDependencies& dependencies) {
    std::vector<media::ChainEntry> entries;
    for (const ModuleConfig& config : configs) {
        Module module = std::visit(Maker{config, dependencies}, config.kind);
        if (config.callbacks) module = modules::select_callbacks(std::move(module), *config.callbacks);
        entries.push_back({config.name, std::move(module), config.timeout, config.on_error});
    }
    return entries;
}

std::shared_ptr<const media::ModuleChain> make_module_chain(const std::vector<ModuleConfig>& configs,
                                                            const ModuleDependencies& dependencies) {
    return std::make_shared<const media::ModuleChain>(make_chain_entries(configs, dependencies),
                                                      dependencies.background, dependencies.metrics);
}

}  // namespace mxcd::app
