#include "database_thread.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <iterator>

namespace mxcd::metadata {

namespace {

constexpr base::Logger logger("metadata");

// Bounds how long reads wait behind one commit.
constexpr std::size_t group_limit = 512;

// With nothing to do for this long, the log is moved into the database.
constexpr std::chrono::seconds idle_time(1);

class StartBackup final : public Read {
  public:
    StartBackup(std::unique_ptr<BackupCopy>& place, BackupRequest request, async::Resume<void> resume)
        : place_(place), request_(std::move(request)), resume_(std::move(resume)) {}

    [[nodiscard]] bool may_share_transaction() const override { return false; }
    void run(Store& store) noexcept override {
        try {
            if (place_) throw base::StorageError("a backup is running already");
            place_ = std::make_unique<BackupCopy>(store.connection, std::move(request_), resume_);
        } catch (...) {
            resume_.with_error(std::current_exception());
        }
    }

  private:
    std::unique_ptr<BackupCopy>& place_;
    BackupRequest request_;
    async::Resume<void> resume_;
};

class Ping final : public Read {
  public:
    Ping(GroupCommit& commits, async::Resume<void> resume) : commits_(commits), resume_(std::move(resume)) {}

    // It may have to move the log, which nobody may be reading.
    [[nodiscard]] bool may_share_transaction() const override { return false; }
    void run(Store& store) noexcept override {
        try {
            commits_.require_writable();
            static_cast<void>(store.settings.find("ping"));
            resume_.with();
        } catch (...) {
            resume_.with_error(std::current_exception());
        }
    }

  private:
    GroupCommit& commits_;
    async::Resume<void> resume_;
};

/// The file is open, and what goes with it is not.
std::exception_ptr cannot_open(const std::filesystem::path& path, const base::StorageError& error) {
    return std::make_exception_ptr(OpenError(
        OpenError::Reason::other, "the database '" + path.string() + "' cannot be opened: " + error.what()));
}

void answer_broken_off(std::unique_ptr<BackupCopy>& backup, std::exception_ptr why) {
    const async::Resume<void> resume = backup->resume();
    backup.reset();  // before the answer: whoever hears of it finds no file any more
    resume.with_error(std::move(why));
}

}  // namespace

DatabaseThread::DatabaseThread(const SqliteConfig& config, const base::Clock& clock, base::Metrics& metrics,
                               Reservations& reservations)
    : path_(config.path),
      queue_limit_(config.queue_limit),
      clock_(clock),
      metrics_(metrics),
      reservations_(reservations),
      queue_length_(metrics.gauge("mxcd_database_queue_length", "Jobs that wait for the database's thread")) {
    std::future<void> opened = opened_.get_future();
    thread_ = std::thread([this] { serve(); });
    try {
        opened.get();
    } catch (...) {
        thread_.join();
        throw;
    }
}

DatabaseThread::~DatabaseThread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void DatabaseThread::submit(std::unique_ptr<Read> read) {
    {
        const std::lock_guard lock(mutex_);
        require_room();
        waiting_.reads.push_back(std::move(read));
    }
    wake_.notify_one();
}

void DatabaseThread::submit(std::unique_ptr<Write> write) {
    {
        const std::lock_guard lock(mutex_);
        require_room();
        waiting_.writes.push_back(std::move(write));
    }
    wake_.notify_one();
}

void DatabaseThread::require_room() const {
    if (stopping_ || waiting_.reads.size() + waiting_.writes.size() >= queue_limit_)
        throw base::Overloaded("too much waits for the database");
}

async::Task<> DatabaseThread::back_up(BackupRequest request) {
    auto start = [this, request = std::move(request)](async::Resume<void> resume) mutable {
        submit(std::make_unique<StartBackup>(place_->backup, std::move(request), std::move(resume)));
    };
    return async::suspend<void>(std::move(start));
}

async::Task<> DatabaseThread::ping() {
    auto start = [this](async::Resume<void> resume) {
        submit(std::make_unique<Ping>(place_->commits, std::move(resume)));
    };
    return async::suspend<void>(std::move(start));
}

void DatabaseThread::serve() {
    pthread_setname_np(pthread_self(), "database");
    std::unique_ptr<Workplace> place;
    try {
        place = std::make_unique<Workplace>(path_, clock_, reservations_, metrics_);
    } catch (const base::StorageError& error) {
        opened_.set_exception(cannot_open(path_, error));
        return;
    } catch (...) {
        opened_.set_exception(std::current_exception());
        return;
    }
    place_ = place.get();
    opened_.set_value();
    work_until_stopped(*place);
    if (place->backup)
        answer_broken_off(place->backup,
                          std::make_exception_ptr(base::StorageError("stopped during a backup")));
    place->commits.close();
}

void DatabaseThread::work_until_stopped(Workplace& place) {
    Batch batch;
    while (take(batch, !place.backup)) {
        if (batch.reads.empty() && batch.writes.empty() && !place.backup) place.commits.use_idle_time();
        place.reads.run(batch.reads);
        if (!batch.writes.empty()) place.commits.run(std::move(batch.writes));
        batch.reads.clear();
        batch.writes.clear();
        if (place.backup) step_backup(place);
    }
}

void DatabaseThread::step_backup(Workplace& place) {
    try {
        if (!place.backup->step()) return;
        FinishedCopy copy = place.backup->finish();
        place.backup.reset();
        backup_check_.start(std::move(copy));
    } catch (...) {
        const std::exception_ptr failure = std::current_exception();
        if (place.backup) answer_broken_off(place.backup, failure);
        logger.warn("a backup failed");
    }
}

/// Fills an empty batch; empty still when nothing came for the idle time. False when all is done and we are
/// to stop.
bool DatabaseThread::take(Batch& batch, bool may_wait) {
    std::unique_lock lock(mutex_);
    const auto is_awake = [this] { return stopping_ || !waiting_.reads.empty() || !waiting_.writes.empty(); };
    if (may_wait) wake_.wait_for(lock, idle_time, is_awake);
    if (stopping_ && waiting_.reads.empty() && waiting_.writes.empty()) return false;
    queue_length_.set(static_cast<double>(waiting_.reads.size() + waiting_.writes.size()));
    batch.reads.swap(waiting_.reads);
    if (waiting_.writes.size() <= group_limit) {
        batch.writes.swap(waiting_.writes);
        return true;
    }
    const auto end = waiting_.writes.begin() + static_cast<std::ptrdiff_t>(group_limit);
    batch.writes.assign(std::make_move_iterator(waiting_.writes.begin()), std::make_move_iterator(end));
    waiting_.writes.erase(waiting_.writes.begin(), end);
    return true;
}

}  // namespace mxcd::metadata
