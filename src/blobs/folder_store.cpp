#include "folder_store.hpp"

#include "mxcd/base/errors.hpp"

#include "backup.hpp"
#include "doomed_blob.hpp"
#include "errands.hpp"
#include "folder_disk.hpp"
#include "free_space.hpp"
#include "recovery.hpp"
#include "spool_writer.hpp"
#include "store_metrics.hpp"

#include <chrono>
#include <utility>

namespace mxcd::blobs {

namespace {

class FolderStore final : public media::BlobStore {
  public:
    FolderStore(const FolderStoreConfig& config, async::WorkerPool& workers, base::Metrics& metrics,
                DiskCalls calls)
        : workers_(workers),
          metrics_(metrics),
          random_(base::make_system_random()),
          disk_(open_folders(config.path), std::move(calls), *random_),
          free_space_(disk_.folders().spool.get(), config.min_free_space, metrics_.free_bytes),
          errands_(workers) {}

    async::Task<std::unique_ptr<media::BlobWriter>> create() override {
        const WriterTools tools{disk_, workers_, errands_, metrics_};
        std::unique_ptr<media::BlobWriter> writer = co_await workers_.run(
            [this, &tools] { return make_spool_writer(tools, disk_.create_spool_file()); });
        co_return writer;
    }

    async::Task<std::optional<media::OpenBlob>> open(media::BlobKey key) override {
        std::optional<media::OpenBlob> blob = disk_.open_files().find(key);
        if (blob) {
            metrics_.open_hits.add();
            co_return blob;
        }
        metrics_.open_misses.add();
        blob = co_await workers_.run([this, &key] { return disk_.open(key); });
        co_return blob;
    }

    async::Task<std::unique_ptr<media::DoomedBlob>> doom(media::BlobKey key) override {
        std::unique_ptr<media::DoomedBlob> blob = co_await workers_.run(
            [this, &key] { return make_doomed_blob(disk_, workers_, errands_, disk_.doom(key)); });
        co_return blob;
    }

    bool has_room() override {
        return free_space_.has_room(std::chrono::steady_clock::now()) && !disk_.is_read_only();
    }

    async::Task<> ping() override {
        co_await workers_.run([this] { disk_.probe(); });
    }

    async::Task<> back_up(std::filesystem::path destination, std::function<void(double)> progress) override {
        std::optional<Backup> backup;
        co_await workers_.run([&] { backup.emplace(disk_.folders().blobs.get(), destination); });
        // A job per folder, so that a long backup leaves the workers to the uploads in between.
        for (std::size_t shard = 0; shard < shard_count; ++shard) {
            co_await workers_.run([&] {
                backup->copy_shard(shard);
                if (shard + 1 == shard_count) backup->finish();
                if (progress) progress(static_cast<double>(shard + 1) / static_cast<double>(shard_count));
            });
        }
    }

    void recover(const std::function<bool(const media::BlobKey&)>& is_referenced) override {
        recover_spool(disk_.folders(), is_referenced);
    }

  private:
    async::WorkerPool& workers_;
    StoreMetrics metrics_;
    std::unique_ptr<base::RandomSource> random_;
    FolderDisk disk_;
    FreeSpace free_space_;
    Errands errands_;  // the last, so that it has waited before anything goes that an errand uses
};

}  // namespace

std::unique_ptr<media::BlobStore> open_folder_store(const FolderStoreConfig& config,
                                                    async::WorkerPool& workers, base::Metrics& metrics,
                                                    DiskCalls calls) {
    return std::make_unique<FolderStore>(config, workers, metrics, std::move(calls));
}

std::unique_ptr<media::BlobStore> open_folder_store(const FolderStoreConfig& config,
                                                    async::WorkerPool& workers, base::Metrics& metrics) {
    return open_folder_store(config, workers, metrics, DiskCalls{});
}

}  // namespace mxcd::blobs
