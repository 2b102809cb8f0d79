#pragma once

#include "mxcd/async/suspend.hpp"
#include "mxcd/async/worker_pool.hpp"

#include "sqlite.hpp"

#include <atomic>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>

namespace mxcd::metadata {

struct BackupRequest {
    std::filesystem::path destination;
    std::function<void(double)> progress;
};

/// A file that is removed again unless it is kept.
class PartialFile {
  public:
    /// Creates it, for its owner only; throws base::StorageError when it exists already.
    explicit PartialFile(std::filesystem::path path);
    ~PartialFile();
    PartialFile(PartialFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    PartialFile& operator=(PartialFile&&) = delete;
    PartialFile(const PartialFile&) = delete;
    PartialFile& operator=(const PartialFile&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    void keep() noexcept { path_.clear(); }

  private:
    std::filesystem::path path_;
};

/// A copy that is complete but not yet trusted, and who waits for it.
struct FinishedCopy {
    PartialFile file;
    async::Resume<void> resume;
};

/// Copies the database to a new file in small steps, between other work on the same connection. Changes made
/// meanwhile through the connection are in the copy.
class BackupCopy {
  public:
    /// Throws base::StorageError.
    BackupCopy(Connection& source, BackupRequest request, async::Resume<void> resume);

    /// True when everything is copied; throws base::StorageError, and whatever the progress callback throws.
    [[nodiscard]] bool step();
    /// After the last step: closes the copy and hands it on.
    [[nodiscard]] FinishedCopy finish();
    /// Who waits for the copy.
    [[nodiscard]] const async::Resume<void>& resume() const { return resume_; }

  private:
    struct Finish {
        void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
    };

    async::Resume<void> resume_;
    std::function<void(double)> progress_;
    PartialFile file_;
    std::unique_ptr<Connection> target_;
    std::unique_ptr<sqlite3_backup, Finish> backup_;
};

/// Reads finished copies back, flushes them and answers, on a thread of its own: that takes as long as the
/// database is large.
class BackupCheck {
  public:
    BackupCheck() = default;
    /// A check that runs is broken off; its file goes.
    ~BackupCheck() { stopping_ = true; }
    BackupCheck(const BackupCheck&) = delete;
    BackupCheck& operator=(const BackupCheck&) = delete;

    void start(FinishedCopy copy);

  private:
    std::atomic<bool> stopping_ = false;
    async::WorkerPool worker_{{.name = "backup", .threads = 1, .queue_limit = 1, .niceness = 10}};
};

}  // namespace mxcd::metadata
