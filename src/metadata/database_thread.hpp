#pragma once

#include "mxcd/async/suspend.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/metadata/database.hpp"

#include "backup.hpp"
#include "group_commit.hpp"
#include "read.hpp"
#include "read_round.hpp"
#include "store.hpp"

#include <condition_variable>
#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace mxcd::metadata {

/// The thread that owns the connection. It works in rounds: first every read that waits, then the writes that
/// wait, in one transaction; so a stream of writes cannot starve the reads, nor the other way round.
/// Thread-safe.
class DatabaseThread {
  public:
    /// Opens the database on its thread and waits for it. Throws OpenError.
    DatabaseThread(const SqliteConfig& config, const base::Clock& clock, base::Metrics& metrics,
                   Reservations& reservations);
    /// Finishes what waits and closes cleanly.
    ~DatabaseThread();
    DatabaseThread(const DatabaseThread&) = delete;
    DatabaseThread& operator=(const DatabaseThread&) = delete;

    /// Both throw base::Overloaded when too much waits.
    void submit(std::unique_ptr<Read> read);
    void submit(std::unique_ptr<Write> write);

    /// Runs `work(Store&)` as a read and gives its result or exception.
    template <class Work>
    async::Task<std::invoke_result_t<Work&, Store&>> read(Work work);
    /// The same for a thread that may block.
    template <class Work>
    std::invoke_result_t<Work&, Store&> read_and_wait(Work work);
    /// Suspends the caller until `make_write(resume)` has been committed.
    template <class MakeWrite>
    async::Task<> write(MakeWrite make_write);
    /// Copies the database between other work. One backup at a time.
    async::Task<> back_up(BackupRequest request);
    /// Throws base::StorageError when the database takes no writes.
    async::Task<> ping();

  private:
    struct Batch {
        std::vector<std::unique_ptr<Read>> reads;
        std::vector<std::unique_ptr<Write>> writes;
    };
    /// What lives on the thread.
    struct Workplace {
        Workplace(const std::filesystem::path& path, const base::Clock& clock, Reservations& reservations,
                  base::Metrics& metrics)
            : store(open_store(path, clock, reservations)), reads(*store), commits(*store, clock, metrics) {}
        std::unique_ptr<Store> store;
        ReadRound reads;
        GroupCommit commits;
        std::unique_ptr<BackupCopy> backup;
    };

    void serve();
    void work_until_stopped(Workplace& place);
    void step_backup(Workplace& place);
    [[nodiscard]] bool take(Batch& batch, bool may_wait);
    void require_room() const;

    const std::filesystem::path path_;
    const std::size_t queue_limit_;
    const base::Clock& clock_;
    base::Metrics& metrics_;
    Reservations& reservations_;
    base::Gauge& queue_length_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Batch waiting_;
    bool stopping_ = false;
    std::promise<void> opened_;
    Workplace* place_ = nullptr;  // of the thread, for the thread
    BackupCheck backup_check_;
    std::thread thread_;
};

template <class Work>
async::Task<std::invoke_result_t<Work&, Store&>> DatabaseThread::read(Work work) {
    using Answer = async::Resume<std::invoke_result_t<Work&, Store&>>;
    auto start = [this, work = std::move(work)](Answer answer) mutable {
        try {
            submit(std::make_unique<detail::FunctionRead<Work, Answer>>(std::move(work), answer));
        } catch (...) {
            answer.with_error(std::current_exception());
        }
    };
    return async::suspend<std::invoke_result_t<Work&, Store&>>(std::move(start));
}

template <class Work>
std::invoke_result_t<Work&, Store&> DatabaseThread::read_and_wait(Work work) {
    using Result = std::invoke_result_t<Work&, Store&>;
    using Answer = detail::PromiseAnswer<Result>;
    std::promise<Result> promise;
    std::future<Result> future = promise.get_future();
    submit(std::make_unique<detail::FunctionRead<Work, Answer>>(std::move(work), Answer(promise)));
    return future.get();
}

template <class MakeWrite>
async::Task<> DatabaseThread::write(MakeWrite make_write) {
    auto start = [this, make_write = std::move(make_write)](async::Resume<void> resume) mutable {
        try {
            submit(make_write(resume));
        } catch (...) {
            resume.with_error(std::current_exception());
        }
    };
    return async::suspend<void>(std::move(start));
}

}  // namespace mxcd::metadata
