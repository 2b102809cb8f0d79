#include "service.hpp"

#include "mxcd/async/timeout.hpp"
#include "mxcd/modules/type_sniffer.hpp"

#include "backup.hpp"
#include "control_socket.hpp"
#include "effective_settings.hpp"
#include "module_list.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <thread>
#include <utility>

namespace mxcd::app {

namespace {

constexpr std::chrono::milliseconds ping_limit{2000};
constexpr std::chrono::milliseconds background_limit{5000};

std::size_t worker_count() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 4); }

async::WorkerPoolConfig general_pool() {
    async::WorkerPoolConfig config;
    config.name = "worker";
    config.threads = worker_count();
    return config;
}

async::WorkerPoolConfig blob_pool() {
    async::WorkerPoolConfig config;
    config.name = "blob-worker";
    config.threads = worker_count();
    config.niceness = 10;
    return config;
}

/// The last folder of each socket's path, where it is missing. Binding says what is wrong with the others.
void make_socket_folders(const http::ServerConfig& config) {
    for (const http::ListenerConfig& listener : config.listeners) {
        const std::filesystem::path folder = std::filesystem::path(listener.path).parent_path();
        if (!folder.empty()) ::mkdir(folder.c_str(), 0700);
    }
}

}  // namespace

Service::Service(Configuration configuration, std::size_t io_threads)
    : configuration_(std::move(configuration)),
      has_file_listener_(offers_files(configuration_)),
      metrics_(make_metrics_registry()),
      clock_(base::make_system_clock()),
      random_(base::make_system_random()),
      threads_(io_threads),
      client_(outbound::make_client({}, *metrics_)),
      general_workers_(general_pool()),
      blob_workers_(blob_pool()),
      database_(metadata::open_sqlite(configuration_.database, *clock_, *metrics_)),
      blobs_(blobs::open_folder_store(configuration_.store, blob_workers_, *metrics_)),
      sniffer_(modules::make_type_sniffer(general_workers_)),
      offers_(*random_),
      children_(*metrics_),
      authentication_(configuration_.auth, {*client_, *clock_, background_, *metrics_}),
      downloads_(database_->metadata(), *blobs_, *metrics_),
      arrivals_(database_->pending(), *clock_, *metrics_),
      thumbnailer_(imaging::make_sandboxed_thumbnailer(configuration_.decodes, *metrics_)),
      thumbnails_(thumbnail_policy(), {downloads_, database_->thumbnails(), *blobs_, *thumbnailer_,
                                       background_, *clock_, *metrics_}),
      uploads_(upload_policy(configuration_), upload_dependencies()),
      removals_(database_->metadata(), background_),
      moderation_({database_->moderation(), database_->metadata(), *blobs_, removals_, downloads_,
                   thumbnails_, uploads_, *metrics_}),
      usage_(uploads_, database_->ledger()),
      api_(api::make_api(
          configuration_.desk,
          {authentication_, uploads_, downloads_, arrivals_, offers_, thumbnails_, moderation_, usage_,
           *clock_, *metrics_, database_->secret("limit_page_links"), operations(), background_})),
      server_(http::make_server(server_config(), {threads_, *api_, *random_, *metrics_})),
      pulse_(threads_, general_workers_, background_),
      failed_reloads_(
          metrics_->counter("mxcd_config_reload_failures_total",
                            "Reloads that were refused because of mistakes in the configuration")) {
    blobs_->recover([this](const media::BlobKey& key) { return database_->is_blob_referenced(key); });
    bind();
}

Service::~Service() = default;

http::ServerConfig Service::server_config() const {
    http::ServerConfig config = configuration_.server;
    http::ListenerConfig control;
    control.path = control_socket_path(configuration_.store.path);
    control.mode = 0600;
    control.resources = api::resource_control | api::resource_health;
    config.listeners.push_back(std::move(control));
    if (has_file_listener_) {
        http::ListenerConfig files;
        files.address = "127.0.0.1";
        files.resources = api::resource_offered_files;
        config.listeners.push_back(std::move(files));
    }
    return config;
}

bool Service::offers_files(const Configuration& configuration) {
    return std::ranges::any_of(configuration.modules, [](const ModuleConfig& module) {
        if (!std::holds_alternative<modules::WebhookConfig>(module.kind)) return false;
        return !module.callbacks ||
               std::ranges::find(*module.callbacks, "check_media_file") != module.callbacks->end();
    });
}

media::UploadPolicy Service::upload_policy(const Configuration& configuration) {
    media::UploadPolicy policy = configuration.uploads;
    const modules::PythonMedia ours{database_->list(), database_->metadata()};
    policy.modules =
        make_module_chain(configuration.modules,
                          {background_, *client_, *clock_, *random_, general_workers_, offers_, children_,
                           configuration.python, surroundings_of(configuration, ours), *metrics_});
    return policy;
}

media::ThumbnailPolicy Service::thumbnail_policy() const {
    media::ThumbnailPolicy policy = configuration_.thumbnails;
    policy.inline_body_max = configuration_.uploads.inline_body_max;
    return policy;
}

media::UploadDependencies Service::upload_dependencies() {
    auto stored = [this](const async::Executor& home, const matrix::MediaId& media,
                         std::string_view declared_type) {
        arrivals_.announce(media);
        thumbnails_.prepare(home, media, declared_type);
    };
    return {database_->metadata(),
            database_->ledger(),
            database_->pending(),
            *blobs_,
            *sniffer_,
            *random_,
            *metrics_,
            std::move(stored)};
}

void Service::bind() {
    make_socket_folders(configuration_.server);
    for (http::BoundListener& listener : server_->bind()) {
        if ((listener.resources & api::resource_control) != 0) continue;
        if (listener.resources == api::resource_offered_files)
            offers_.set_address(listener.url);
        else
            listeners_.push_back(std::move(listener));
    }
}

void Service::start() {
    threads_.start();
    server_->start();
}

std::vector<std::string> Service::reload(Configuration next) {
    // First, because a module may not be loaded.
    media::UploadPolicy policy = upload_policy(next);
    std::vector<std::string> keys = restart_keys(configuration_, next);
    // Its files cannot be fetched until then; it is told so by a null URL.
    if (offers_files(next) && !has_file_listener_)
        keys.emplace_back("modules (check_media_file of a webhook)");
    // These stay as they are until the restart.
    next.desk.server_name = configuration_.desk.server_name;
    next.auth.server_name = configuration_.auth.server_name;
    next.server.listeners = configuration_.server.listeners;
    next.database = configuration_.database;
    next.store = configuration_.store;
    next.decodes = configuration_.decodes;
    configuration_ = std::move(next);
    base::configure_logging(configuration_.log);
    authentication_.reconfigure(configuration_.auth);
    uploads_.reconfigure(std::move(policy));
    thumbnails_.reconfigure(thumbnail_policy());
    api_->reconfigure(configuration_.desk);
    server_->reconfigure(server_config());
    return keys;
}

void Service::begin_stop() {
    is_stopping_ = true;
    server_->stop_accepting();
    arrivals_.stop();
}

bool Service::finish() {
    thumbnailer_->stop();
    if (!server_->is_drained()) return false;
    // Nobody else would answer those who wait for a child.
    children_.stop();
    background_.cancel();
    if (!background_.wait_until_empty(background_limit)) return false;
    threads_.stop();
    return true;
}

api::Operations Service::operations() {
    api::Operations operations;
    operations.health = [this] { return health_findings(); };
    operations.metrics_text = [this] { return metrics_->text(); };
    operations.back_up = [this](std::string folder, std::function<void(double)> progress) {
        return back_up({database_->metadata(), *blobs_, removals_, general_workers_}, std::move(folder),
                       std::move(progress));
    };
    return operations;
}

async::Task<bool> Service::answers(async::Task<> ping) {
    try {
        co_await async::with_deadline(background_, std::move(ping), ping_limit);
    } catch (const std::exception&) {
        co_return false;
    }
    co_return true;
}

async::Task<std::vector<api::HealthFinding>> Service::health_findings() {
    std::vector<api::HealthFinding> findings;
    const bool has_database = co_await answers(database_->metadata().ping());
    findings.push_back({"database", has_database, true});
    const bool has_store = co_await answers(blobs_->ping());
    findings.push_back({"store", has_store, true});
    findings.push_back({"homeserver", authentication_.is_homeserver_answering(), false});
    const std::shared_ptr<const media::UploadPolicy> policy = uploads_.policy();
    findings.push_back({"modules", policy->modules->degraded().empty(), false});
    findings.push_back({"thumbnails", thumbnailer_->is_ready(), false});
    if (is_stopping_) findings.push_back({"service", false, true});
    co_return findings;
}

}  // namespace mxcd::app
