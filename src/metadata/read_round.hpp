#pragma once

#include "read.hpp"
#include "store.hpp"

#include <memory>
#include <vector>

namespace mxcd::metadata {

/// Runs the reads that wait together, in one transaction: a statement outside of one has to find out each
/// time what the newest page of everything is. Lives on the database's thread.
class ReadRound {
  public:
    explicit ReadRound(Store& store);
    void run(const std::vector<std::unique_ptr<Read>>& reads) noexcept;

  private:
    [[nodiscard]] bool run_statement(Statement& statement) noexcept;

    Store& store_;
    Statement begin_;
    Statement commit_;
    Statement rollback_;
};

}  // namespace mxcd::metadata
