#pragma once

#include "mxcd/api/api.hpp"
#include "mxcd/base/log.hpp"
#include "mxcd/blobs/folder_store.hpp"
#include "mxcd/http/server.hpp"
#include "mxcd/imaging/sandboxed_thumbnailer.hpp"
#include "mxcd/media/module_chain.hpp"
#include "mxcd/media/thumbnails.hpp"
#include "mxcd/media/uploads.hpp"
#include "mxcd/metadata/database.hpp"
#include "mxcd/modules/builtin.hpp"
#include "mxcd/modules/library.hpp"
#include "mxcd/modules/python.hpp"
#include "mxcd/modules/webhook.hpp"
#include "mxcd/remote/authenticators.hpp"

#include "report.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mxcd::app {

/// One entry of `modules`.
struct ModuleConfig {
    using Kind = std::variant<modules::UserTiersConfig, modules::MimePolicyConfig, modules::TotalQuotaConfig,
                              modules::ClamdConfig, modules::WebhookConfig, modules::LibraryConfig,
                              modules::PythonModuleConfig>;

    std::string name;  // for log and metrics; the kind's name unless given
    Kind kind;
    std::chrono::milliseconds timeout{5000};
    media::OnError on_error = media::OnError::deny;
    std::optional<std::vector<std::string>> callbacks;  // nothing: all
};

/// Everything that the operator decided: one config struct per room, and what no room uses yet.
struct Configuration {
    explicit Configuration(matrix::ServerName server_name);

    api::DeskConfig desk;
    http::ServerConfig server;
    remote::AuthConfig auth;
    metadata::SqliteConfig database;
    blobs::FolderStoreConfig store;
    media::UploadPolicy uploads;        // without the module chain, which is made from `modules`
    media::ThumbnailPolicy thumbnails;  // without inline_body_max, which is that of uploads
    imaging::ThumbnailerConfig decodes;
    std::vector<ModuleConfig> modules;
    base::LogConfig log;
    modules::PythonConfig python;  // what `module:` entries run in
};

struct LoadOutcome {
    std::optional<Configuration> configuration;  // exactly when there are no mistakes
    Report report;
};

struct ConfigurationText {
    std::string file;  // for messages
    std::string text;
};

/// Reads configuration: later texts are merged over earlier ones. Touches nothing on the disk but the files
/// that secrets are in, and looks whether libraries are there.
[[nodiscard]] LoadOutcome read_configuration(const std::vector<ConfigurationText>& texts);

/// The same from files.
[[nodiscard]] LoadOutcome load_configuration(const std::vector<std::filesystem::path>& files);

}  // namespace mxcd::app
