#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/media/media_module.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace mxcd::modules {

struct LibraryConfig {
    enum class Trust { none, in_process };

    std::string name;               // for the log
    std::filesystem::path library;  // a shared object that keeps to include/mxcd/plugin.h
    matrix::Json config = matrix::Json::object();
    Trust trust = Trust::none;
    std::chrono::milliseconds timeout{5000};
};

/// A library is no plugin, or its plugin does not start. The text is a sentence for the operator.
struct LibraryError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A plugin inside this process: when it crashes or hangs, so does the service. It is stopped on one of
/// `workers`, which must outlive the module. Blocks while the plugin starts. Throws LibraryError.
[[nodiscard]] std::shared_ptr<media::MediaModule> make_trusted_library(const LibraryConfig& config,
                                                                       async::WorkerPool& workers);

}  // namespace mxcd::modules
