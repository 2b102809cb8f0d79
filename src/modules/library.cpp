#include "mxcd/modules/library.hpp"

#include "child_module.hpp"
#include "plugin_library.hpp"
#include "trusted_library.hpp"

#include <optional>
#include <utility>

namespace mxcd::modules {

namespace {

/// Of a plugin's process. Sanitizers reserve more than any limit lets them.
std::optional<base::ByteCount> memory_limit() {
#ifdef MXCD_SANITIZED
    return std::nullopt;
#else
    return base::ByteCount(1024LL * 1024 * 1024);
#endif
}

ChildConfig child_of(const LibraryConfig& config) {
    ChildConfig child;
    child.name = config.name;
    child.program.path = config.program;
    child.program.arguments = {plugin_verb};
    child.program.memory_limit = memory_limit();
    child.load = {{"library", std::filesystem::absolute(config.library).string()}, {"config", config.config}};
    child.timeout = config.timeout;
    return child;
}

}  // namespace

std::shared_ptr<media::MediaModule> make_library(const LibraryConfig& config,
                                                 LibraryDependencies dependencies) {
    if (config.trust == LibraryConfig::Trust::none)
        return make_child_module(dependencies.children.start(child_of(config)));
    try {
        return make_trusted_library(config, dependencies.workers);
    } catch (const LibraryError& error) {
        throw LoadError("the module " + config.name + " cannot be loaded: " + error.what());
    }
}

}  // namespace mxcd::modules
