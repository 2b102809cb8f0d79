#include "read_round.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

namespace mxcd::metadata {

namespace {

constexpr base::Logger logger("metadata");

}  // namespace

ReadRound::ReadRound(Store& store)
    : store_(store),
      begin_(store.connection, "BEGIN"),
      commit_(store.connection, "COMMIT"),
      rollback_(store.connection, "ROLLBACK") {}

void ReadRound::run(const std::vector<std::unique_ptr<Read>>& reads) noexcept {
    for (const std::unique_ptr<Read>& read : reads)
        if (!read->may_share_transaction()) read->run(store_);
    // Without the transaction the answers are the same, and only cost more.
    const bool is_shared = reads.size() > 1 && run_statement(begin_);
    for (const std::unique_ptr<Read>& read : reads)
        if (read->may_share_transaction()) read->run(store_);
    // A read that fails on the disk takes the transaction with it.
    if (!is_shared || !store_.connection.in_transaction()) return;
    if (!run_statement(commit_)) static_cast<void>(run_statement(rollback_));
}

bool ReadRound::run_statement(Statement& statement) noexcept {
    try {
        Query(statement).run();
        return true;
    } catch (const base::StorageError& error) {
        logger.error("reads could not share a transaction", {{"reason", std::string_view(error.what())}});
        return false;
    }
}

}  // namespace mxcd::metadata
