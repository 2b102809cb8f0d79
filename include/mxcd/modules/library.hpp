#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/media/media_module.hpp"
#include "mxcd/modules/children.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace mxcd::modules {

struct LibraryConfig {
    enum class Trust {
        none,        // a child process
        in_process,  // this process: when the plugin crashes or hangs, so does the service
    };

    std::string name;               // for log and metrics
    std::filesystem::path library;  // a shared object that keeps to include/mxcd/plugin.h
    std::string config = "{}";      // the plugin's own: the text of a JSON object
    Trust trust = Trust::none;
    std::chrono::milliseconds timeout{5000};
    /// The program that runs run_plugin_process() when it is called with `plugin-host` as its only argument.
    std::filesystem::path program = "/proc/self/exe";
};

/// Both outlive the module. In this process a plugin is stopped on one of the workers.
struct LibraryDependencies {
    async::WorkerPool& workers;
    Children& children;
};

/// A plugin: a shared object that keeps to include/mxcd/plugin.h. Blocks while it is loaded and starts.
/// Throws LoadError.
[[nodiscard]] std::shared_ptr<media::MediaModule> make_library(const LibraryConfig& config,
                                                               LibraryDependencies dependencies);

/// The argument that makes the program the process of a plugin.
inline constexpr const char* plugin_verb = "plugin-host";

/// The life of a plugin's process, until the service at the other end of descriptor 3 is gone (Children). For
/// a process that has done nothing else. The exit code.
[[nodiscard]] int run_plugin_process();

}  // namespace mxcd::modules
