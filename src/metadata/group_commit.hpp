#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"

#include "checkpointer.hpp"
#include "log_flusher.hpp"
#include "soundness.hpp"
#include "store.hpp"
#include "write.hpp"

#include <exception>
#include <memory>
#include <vector>

namespace mxcd::metadata {

/// Commits the writes that wait together in one transaction, so that one flush serves all of them, and keeps
/// the write-ahead log short. Lives on the database's thread.
class GroupCommit {
  public:
    /// Throws base::StorageError when the log cannot be opened.
    GroupCommit(Store& store, const base::Clock& clock, base::Metrics& metrics);

    /// Applies and commits, and leaves the flush and the answers to the flusher. A write that fails does not
    /// harm the others; a commit that fails fails all.
    void run(std::vector<std::unique_ptr<Write>> group);

    /// With nothing to do: moves the log into the database.
    void use_idle_time() { checkpointer_.move_all(); }
    /// Answers what waits for its flush, and empties the log: for a clean end.
    void close() noexcept;

    /// Throws base::StorageError (StorageFull for that reason) when the database takes no writes.
    void require_writable();

  private:
    using Failures = std::vector<std::exception_ptr>;

    [[nodiscard]] std::exception_ptr commit_all(const std::vector<std::unique_ptr<Write>>& group,
                                                Failures& failures);
    /// False when one failed: its failure is noted, and the transaction is to be taken back.
    [[nodiscard]] bool apply_all(const std::vector<std::unique_ptr<Write>>& group, Failures& failures);
    void apply_in_savepoint(Write& write, std::exception_ptr& failure);
    /// While a failure is handled: throws it again when it ended the transaction.
    void require_transaction() const;
    void commit();
    void roll_back() noexcept;
    void run_statement(Statement& statement);

    Store& store_;
    Statement begin_;
    Statement commit_;
    Statement rollback_;
    Statement savepoint_;
    Statement release_;
    Statement rollback_to_;
    base::Histogram& group_size_;
    Soundness soundness_;
    LogFlusher flusher_;
    Checkpointer checkpointer_;
};

}  // namespace mxcd::metadata
