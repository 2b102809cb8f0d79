#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/media/media_list.hpp"
#include "mxcd/media/media_module.hpp"
#include "mxcd/media/metadata_store.hpp"
#include "mxcd/modules/children.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::modules {

/// What all Python modules run in.
struct PythonConfig {
    std::string interpreter = "python3";  // a path, or a name to look for in PATH
    std::vector<std::string> path;        // put before sys.path
    /// What run_db_interaction reaches: postgresql://..., or sqlite:///PATH; empty: nothing.
    std::string synapse_database;
    bool synapse_database_writable = false;
    base::ByteCount memory_limit{std::int64_t{1} << 30};  // address space, of each module
};

struct PythonModuleConfig {
    std::string name;           // for log and metrics
    std::string module;         // package.Class
    std::string config = "{}";  // the module's own: the text of a JSON object, whose order the module sees
    std::chrono::milliseconds timeout{5000};
};

/// Our own media, which the module finds in `local_media_repository`. Both outlive the children.
struct PythonMedia {
    media::MediaList& list;
    media::MetadataStore& metadata;
};

/// Where a module finds itself.
struct PythonSurroundings {
    std::string server_name;
    std::string public_baseurl;
    std::optional<PythonMedia> media = std::nullopt;  // nothing: `local_media_repository` is refused
};

/// A Synapse module, unmodified, in a child process that offers it `synapse.module_api` (docs/modules.md says
/// what of it). Blocks until it is loaded. Throws LoadError.
[[nodiscard]] std::shared_ptr<media::MediaModule> make_python_module(const PythonModuleConfig& config,
                                                                     const PythonConfig& python,
                                                                     const PythonSurroundings& surroundings,
                                                                     Children& children);

}  // namespace mxcd::modules
