#pragma once

#include "mxcd/api/api.hpp"
#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/async/worker_pool.hpp"
#include "mxcd/http/server.hpp"
#include "mxcd/imaging/sandboxed_thumbnailer.hpp"
#include "mxcd/media/arrivals.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/downloads.hpp"
#include "mxcd/media/moderation.hpp"
#include "mxcd/media/thumbnails.hpp"
#include "mxcd/media/uploads.hpp"
#include "mxcd/media/usage.hpp"
#include "mxcd/metadata/database.hpp"
#include "mxcd/modules/children.hpp"
#include "mxcd/outbound/client.hpp"

#include "authentication.hpp"
#include "configuration.hpp"
#include "metrics_registry.hpp"
#include "pulse.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace mxcd::app {

/// The whole service. Its parts are members in the order of their dependence: each is built from those above
/// it and goes before them. One thread, not an io thread, calls; insist() may come from another.
class Service {
  public:
    /// Opens database and store, mends what a crash left, binds the listeners; answers nobody yet.
    /// Throws metadata::OpenError, blobs::OpenError, modules::LoadError, http::BindError, CommandError.
    Service(Configuration configuration, std::size_t io_threads);
    /// After finish() returned true, or before start().
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Where it listens, without the control socket.
    [[nodiscard]] const std::vector<http::BoundListener>& listeners() const { return listeners_; }
    void start();

    /// Takes new settings into force: all but the keys that it returns, which need a restart. Throws
    /// modules::LoadError, and then nothing has changed.
    std::vector<std::string> reload(Configuration next);
    /// Counts and remembers nothing else: the old settings stay.
    void note_failed_reload() { failed_reloads_.add(); }

    /// Readiness turns 503, and nobody is let in any more.
    void begin_stop();
    /// Waits for what runs; true when nothing had to be cancelled.
    bool drain(std::chrono::milliseconds limit) { return server_->drain(limit); }
    /// Cancels what a drain waits for.
    void insist() { server_->insist(); }
    /// After drain(): ends background work and the io threads. False when a task would not end; then the
    /// process must end without destroying the service, which that task still uses.
    bool finish();

    [[nodiscard]] Pulse& pulse() { return pulse_; }

  private:
    http::ServerConfig server_config() const;
    media::UploadPolicy upload_policy(const Configuration& configuration);
    media::ThumbnailPolicy thumbnail_policy() const;
    media::UploadDependencies upload_dependencies();
    api::Operations operations();
    async::Task<std::vector<api::HealthFinding>> health_findings();
    async::Task<bool> answers(async::Task<> ping);
    void bind();
    /// Whether a module fetches files over loopback, which takes a listener.
    [[nodiscard]] static bool offers_files(const Configuration& configuration);

    Configuration configuration_;
    const bool has_file_listener_;
    std::unique_ptr<MetricsRegistry> metrics_;
    std::unique_ptr<base::Clock> clock_;
    std::unique_ptr<base::RandomSource> random_;
    // Above all whose threads post to it: those threads are joined before its contexts go.
    async::IoThreads threads_;
    std::unique_ptr<outbound::Client> client_;
    async::WorkerPool general_workers_;
    async::WorkerPool blob_workers_;
    std::unique_ptr<metadata::Database> database_;
    std::unique_ptr<media::BlobStore> blobs_;
    std::unique_ptr<media::TypeSniffer> sniffer_;
    media::FileOffers offers_;
    modules::Children children_;
    async::TaskGroup background_;
    Authentication authentication_;
    media::Downloads downloads_;
    media::Arrivals arrivals_;
    std::unique_ptr<media::Thumbnailer> thumbnailer_;
    media::Thumbnails thumbnails_;
    media::Uploads uploads_;
    media::Removals removals_;
    media::Moderation moderation_;
    media::Usage usage_;
    std::unique_ptr<api::Api> api_;
    std::unique_ptr<http::Server> server_;
    Pulse pulse_;
    base::Counter& failed_reloads_;
    std::vector<http::BoundListener> listeners_;
    std::atomic<bool> is_stopping_ = false;
};

}  // namespace mxcd::app
