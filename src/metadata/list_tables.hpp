#pragma once

#include "mxcd/media/media_list.hpp"

#include "sqlite.hpp"

#include <optional>

namespace mxcd::metadata {

/// The rows about media in the order in which they were written, synchronous: used by the database's thread
/// only.
class ListTables {
  public:
    explicit ListTables(Connection& connection);

    /// Without `changes`, which is not known here.
    [[nodiscard]] media::ListPiece read(const media::ListRequest& request);

  private:
    [[nodiscard]] media::ListPiece read_everybodys(const media::ListRequest& request);
    [[nodiscard]] media::ListPiece read_owners(const media::ListRequest& request);

    Statement select_user_;
    Statement select_owners_;
    Statement select_everybodys_;
};

}  // namespace mxcd::metadata
