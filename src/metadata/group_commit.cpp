#include "group_commit.hpp"

#include "mxcd/base/failpoint.hpp"
#include "mxcd/base/log.hpp"

#include <chrono>

namespace mxcd::metadata {

namespace {

constexpr base::Logger logger("metadata");

// 16 MiB of 4 KiB pages: what recovery after a crash may have to read, and what one checkpoint writes.
constexpr int long_log_pages = 4000;

std::exception_ptr failure_after_commit() {
    try {
        MXCD_FAILPOINT("database.after_commit");
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

}  // namespace

GroupCommit::GroupCommit(Store& store, base::Metrics& metrics)
    : store_(store),
      begin_(store.connection, "BEGIN IMMEDIATE"),
      commit_(store.connection, "COMMIT"),
      rollback_(store.connection, "ROLLBACK"),
      savepoint_(store.connection, "SAVEPOINT one_write"),
      release_(store.connection, "RELEASE one_write"),
      rollback_to_(store.connection, "ROLLBACK TO one_write"),
      commit_duration_(metrics.histogram("mxcd_database_commit_duration_seconds",
                                         "From the beginning of a group's transaction to its flushed commit",
                                         base::duration_buckets())),
      group_size_(metrics.histogram("mxcd_database_group_size", "Writes that shared one commit",
                                    {1, 2, 4, 8, 16, 32, 64, 128, 256, 512})) {
    const auto count_pages = [](void* pages, sqlite3*, const char*, int in_log) {
        *static_cast<int*>(pages) = in_log;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(store.connection.handle(), count_pages, &wal_pages_);
}

void GroupCommit::run(std::vector<std::unique_ptr<Write>>& group) {
    Failures failures(group.size());
    if (const std::exception_ptr failure = commit_all(group, failures)) {
        for (const std::unique_ptr<Write>& write : group) write->answer(failure);
        return;
    }
    for (std::size_t i = 0; i < group.size(); ++i)
        if (!failures[i]) group[i]->committed();
    const std::exception_ptr unanswerable = failure_after_commit();
    for (std::size_t i = 0; i < group.size(); ++i) group[i]->answer(failures[i] ? failures[i] : unanswerable);
}

std::exception_ptr GroupCommit::commit_all(std::vector<std::unique_ptr<Write>>& group, Failures& failures) {
    const auto begun_at = std::chrono::steady_clock::now();
    try {
        require_sound();
        run_statement(begin_);
        for (std::size_t i = 0; i < group.size(); ++i) apply_in_savepoint(*group[i], failures[i]);
        commit();
    } catch (const SqliteError& error) {
        note_flush_failure(error.code);
        roll_back();
        return std::current_exception();
    } catch (...) {
        roll_back();
        return std::current_exception();
    }
    commit_duration_.observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_at).count());
    group_size_.observe(static_cast<double>(group.size()));
    return nullptr;
}

void GroupCommit::apply_in_savepoint(Write& write, std::exception_ptr& failure) {
    run_statement(savepoint_);
    try {
        write.apply(store_);
    } catch (...) {
        failure = std::current_exception();
    }
    // Some failures (a full disk) make SQLite take back the whole transaction.
    if (failure && !store_.connection.in_transaction()) std::rethrow_exception(failure);
    if (failure) run_statement(rollback_to_);
    run_statement(release_);
}

void GroupCommit::commit() {
    store_.save_newest_sent_at();
    MXCD_FAILPOINT("database.before_commit");
    run_statement(commit_);
}

void GroupCommit::roll_back() noexcept {
    if (!store_.connection.in_transaction()) return;
    try {
        run_statement(rollback_);
    } catch (const std::exception& error) {
        logger.error("a transaction could not be taken back", {{"reason", std::string_view(error.what())}});
    }
}

void GroupCommit::run_statement(Statement& statement) { Query(statement).run(); }

void GroupCommit::checkpoint_if_long() {
    if (wal_pages_ >= long_log_pages) checkpoint();
}

void GroupCommit::checkpoint() {
    if (wal_pages_ == 0 || has_failed_flush_) return;
    const int result = sqlite3_wal_checkpoint_v2(store_.connection.handle(), nullptr,
                                                 SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (result == SQLITE_OK) {
        wal_pages_ = 0;
        return;
    }
    logger.warn("a checkpoint failed", {{"code", std::int64_t{result}}});
    note_flush_failure(result);
}

void GroupCommit::close() noexcept {
    if (has_failed_flush_) return;
    sqlite3_wal_checkpoint_v2(store_.connection.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                              nullptr);
}

void GroupCommit::require_sound() const {
    if (has_failed_flush_)
        throw base::StorageError("a flush to the disk has failed; nothing is written until a restart");
}

// A second flush of the same pages would succeed without having written them.
void GroupCommit::note_flush_failure(int code) {
    if (code != SQLITE_IOERR_FSYNC && code != SQLITE_IOERR_DIR_FSYNC) return;
    has_failed_flush_ = true;
    // Nor may closing do it: the log is what recovery needs.
    sqlite3_db_config(store_.connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    logger.error("a flush to the disk failed; the database takes no more writes until a restart");
}

}  // namespace mxcd::metadata
