#pragma once

#include "mxcd/media/media_record.hpp"

#include "sqlite.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mxcd::metadata {

/// Rows about media, synchronous: used by the database's thread only, inside the caller's transaction.
class MediaTables {
  public:
    explicit MediaTables(Connection& connection);

    /// Writes the row and, when the record carries it, the body. Throws base::StorageError when the ID is
    /// taken.
    void insert(const media::MediaRecord& record, std::int64_t user_key);
    [[nodiscard]] std::optional<media::MediaRecord> find(const matrix::MediaId& id);
    [[nodiscard]] std::optional<matrix::UserId> owner_of(const matrix::MediaId& id);
    [[nodiscard]] bool is_blob_referenced(const media::BlobKey& key);

  private:
    Statement insert_media_;
    Statement select_media_;
    Statement select_owner_;
    Statement select_by_blob_;
};

}  // namespace mxcd::metadata
