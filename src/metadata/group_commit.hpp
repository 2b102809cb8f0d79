#pragma once

#include "mxcd/base/metrics.hpp"

#include "store.hpp"

#include <exception>
#include <memory>
#include <vector>

namespace mxcd::metadata {

/// A change that waits for its group's commit. Called on the database's thread.
class Write {
  public:
    virtual ~Write() = default;
    /// Writes rows, inside a savepoint of its own: when it throws, only its own rows are taken back.
    virtual void apply(Store& store) = 0;
    /// The rows are durable: what must change in memory changes here, before anybody is answered.
    virtual void committed() noexcept {}
    /// Tells the caller: durable when `failure` is empty; otherwise nothing was written.
    virtual void answer(std::exception_ptr failure) noexcept = 0;
};

/// Commits the writes that wait together in one transaction, so that one flush serves all of them, and keeps
/// the write-ahead log short.
class GroupCommit {
  public:
    GroupCommit(Store& store, base::Metrics& metrics);

    /// Applies, commits, answers. A write that fails does not harm the others; a commit that fails fails all.
    void run(std::vector<std::unique_ptr<Write>>& group);

    /// Moves the log's pages into the database when there are enough of them.
    void checkpoint_if_long();
    /// The same, whatever their number: for idle times.
    void checkpoint();
    /// The same, and empties the log: for a clean end.
    void close() noexcept;

    /// Throws base::StorageError when a flush has failed: what the disk holds is then unknown until a restart
    /// reads it.
    void require_sound() const;

  private:
    using Failures = std::vector<std::exception_ptr>;

    [[nodiscard]] std::exception_ptr commit_all(std::vector<std::unique_ptr<Write>>& group,
                                                Failures& failures);
    void apply_in_savepoint(Write& write, std::exception_ptr& failure);
    void commit();
    void roll_back() noexcept;
    void run_statement(Statement& statement);
    void note_flush_failure(int code);

    Store& store_;
    Statement begin_;
    Statement commit_;
    Statement rollback_;
    Statement savepoint_;
    Statement release_;
    Statement rollback_to_;
    int wal_pages_ = 0;
    bool has_failed_flush_ = false;
    base::Histogram& commit_duration_;
    base::Histogram& group_size_;
};

}  // namespace mxcd::metadata
