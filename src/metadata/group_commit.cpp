#include "group_commit.hpp"

#include "mxcd/base/failpoint.hpp"
#include "mxcd/base/log.hpp"

#include "gathering_vfs.hpp"

#include <chrono>
#include <utility>

namespace mxcd::metadata {

namespace {

constexpr base::Logger logger("metadata");

}  // namespace

GroupCommit::GroupCommit(Store& store, const base::Clock& clock, base::Metrics& metrics)
    : store_(store),
      begin_(store.connection, "BEGIN IMMEDIATE"),
      commit_(store.connection, "COMMIT"),
      rollback_(store.connection, "ROLLBACK"),
      savepoint_(store.connection, "SAVEPOINT one_write"),
      release_(store.connection, "RELEASE one_write"),
      rollback_to_(store.connection, "ROLLBACK TO one_write"),
      group_size_(metrics.histogram("mxcd_database_group_size", "Writes that shared one commit",
                                    {1, 2, 4, 8, 16, 32, 64, 128, 256, 512})),
      flusher_(store.connection.log(), soundness_, metrics),
      checkpointer_(store.connection, clock, soundness_) {}

void GroupCommit::run(std::vector<std::unique_ptr<Write>> group) {
    const auto begun_at = std::chrono::steady_clock::now();
    Failures failures(group.size());
    if (const std::exception_ptr failure = commit_all(group, failures)) {
        for (const std::unique_ptr<Write>& write : group) write->answer(failure);
        return;
    }
    group_size_.observe(static_cast<double>(group.size()));
    for (std::size_t i = 0; i < group.size(); ++i)
        if (!failures[i]) group[i]->committed();
    flusher_.flush_and_answer({std::move(group), std::move(failures), begun_at});
    checkpointer_.move_if_long();
}

std::exception_ptr GroupCommit::commit_all(const std::vector<std::unique_ptr<Write>>& group,
                                           Failures& failures) {
    try {
        require_writable();
        run_statement(begin_);
        if (!apply_all(group, failures)) {
            run_statement(rollback_);
            run_statement(begin_);
            for (std::size_t i = 0; i < group.size(); ++i)
                if (!failures[i]) apply_in_savepoint(*group[i], failures[i]);
        }
        commit();
    } catch (const SqliteError& error) {
        soundness_.note_result(error.code);
        roll_back();
        return std::current_exception();
    } catch (...) {
        roll_back();
        return std::current_exception();
    }
    return nullptr;
}

// Savepoints would copy every page that a write touches: only a group that needs them pays for them.
bool GroupCommit::apply_all(const std::vector<std::unique_ptr<Write>>& group, Failures& failures) {
    for (std::size_t i = 0; i < group.size(); ++i) {
        try {
            group[i]->apply(store_);
        } catch (...) {
            require_transaction();
            failures[i] = std::current_exception();
            return false;
        }
    }
    return true;
}

void GroupCommit::apply_in_savepoint(Write& write, std::exception_ptr& failure) {
    run_statement(savepoint_);
    try {
        write.apply(store_);
    } catch (...) {
        require_transaction();
        failure = std::current_exception();
        run_statement(rollback_to_);
    }
    run_statement(release_);
}

void GroupCommit::require_transaction() const {
    // Some failures (a full disk) make SQLite take back the whole transaction.
    if (!store_.connection.in_transaction()) throw;
}

void GroupCommit::commit() {
    store_.save_newest_sent_at();
    MXCD_FAILPOINT("database.before_commit");
    const UnflushedCommit leave_it_to_the_flusher(store_.connection.handle());
    run_statement(commit_);
}

void GroupCommit::require_writable() {
    soundness_.require();
    checkpointer_.require_room();
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

void GroupCommit::close() noexcept {
    flusher_.wait_until_all_answered();
    checkpointer_.empty_log();
}

}  // namespace mxcd::metadata
