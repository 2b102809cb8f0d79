#pragma once

#include "mxcd/media/media_list.hpp"

#include "change_log.hpp"
#include "media_tables.hpp"
#include "sqlite.hpp"

#include <optional>

namespace mxcd::metadata {

/// The rows about media in the order in which they were written, synchronous: used by the database's thread
/// only.
class ListTables {
  public:
    /// `media` and `changes` must outlive it.
    ListTables(Connection& connection, MediaTables& media, const ChangeLog& changes);

    [[nodiscard]] media::ListPiece read(const media::ListRequest& request);

  private:
    [[nodiscard]] media::ListPiece read_everybodys(const media::ListRequest& request);
    [[nodiscard]] media::ListPiece read_owners(const media::ListRequest& request);

    void add_changes(media::ListPiece& piece, std::int64_t seen);

    MediaTables& media_;
    const ChangeLog& changes_;
    Statement select_user_;
    Statement select_owners_;
    Statement select_everybodys_;
};

}  // namespace mxcd::metadata
