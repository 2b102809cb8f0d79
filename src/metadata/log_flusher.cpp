#include "log_flusher.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/failpoint.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace mxcd::metadata {

namespace {

// One is flushed and one is ready; more would only keep callers waiting behind a slow disk.
constexpr std::size_t waiting_limit = 4;

/// SQLite's locks are not on this file, so closing it harms none.
base::UniqueFd open_log(const std::filesystem::path& path) {
    base::UniqueFd log(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!log)
        throw base::StorageError("the database's log '" + path.string() +
                                 "' cannot be opened: " + std::generic_category().message(errno));
    return log;
}

std::exception_ptr failure_after_flush() {
    try {
        MXCD_FAILPOINT("database.after_commit");
    } catch (const std::exception& error) {
        return std::make_exception_ptr(base::OutcomeUnknown(error.what()));
    }
    return nullptr;
}

}  // namespace

LogFlusher::LogFlusher(const std::filesystem::path& log, Soundness& soundness, base::Metrics& metrics)
    : log_(open_log(log)),
      soundness_(soundness),
      commit_duration_(metrics.histogram("mxcd_database_commit_duration_seconds",
                                         "From the beginning of a group's transaction to its flushed commit",
                                         base::duration_buckets())),
      thread_([this] { work(); }) {}

LogFlusher::~LogFlusher() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void LogFlusher::flush_and_answer(CommittedGroup group) {
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return waiting_.size() < waiting_limit; });
        waiting_.push_back(std::move(group));
    }
    changed_.notify_all();
}

void LogFlusher::wait_until_all_answered() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.empty() && !is_flushing_; });
}

void LogFlusher::work() {
    pthread_setname_np(pthread_self(), "database-flush");
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        std::vector<CommittedGroup> groups;
        groups.swap(waiting_);
        is_flushing_ = true;
        lock.unlock();
        const std::exception_ptr failure = flush();
        for (const CommittedGroup& group : groups) answer(group, failure);
        groups.clear();
        lock.lock();
        is_flushing_ = false;
        changed_.notify_all();
    }
}

std::exception_ptr LogFlusher::flush() noexcept {
    try {
        soundness_.require();
        MXCD_FAILPOINT("database.before_flush");
        if (::fdatasync(log_.get()) != 0)
            throw base::StorageError("the database's log cannot be flushed: " +
                                     std::generic_category().message(errno));
    } catch (const std::exception& error) {
        soundness_.note_failed_flush(error.what());
        // Also when this flush was not even tried: the rows are in the log.
        return std::make_exception_ptr(base::OutcomeUnknown(error.what()));
    }
    return nullptr;
}

void LogFlusher::answer(const CommittedGroup& group, const std::exception_ptr& failure) {
    const std::exception_ptr of_all = failure ? failure : failure_after_flush();
    if (!failure) {
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - group.begun_at;
        commit_duration_.observe(elapsed.count());
    }
    for (std::size_t i = 0; i < group.writes.size(); ++i)
        group.writes[i]->answer(group.failures[i] ? group.failures[i] : of_all);
}

}  // namespace mxcd::metadata
