#pragma once

#include "mxcd/media/thumbnail_catalog.hpp"

#include "sqlite.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mxcd::metadata {

/// Rows about thumbnails, synchronous: used by the database's thread only, inside the caller's transaction.
class ThumbnailTables {
  public:
    explicit ThumbnailTables(Connection& connection);

    [[nodiscard]] std::optional<media::ThumbnailRecord> find(const matrix::MediaId& media,
                                                             const media::ThumbnailForm& form);
    [[nodiscard]] std::int64_t count(const matrix::MediaId& media);
    /// False, and nothing is written, when their media is not there. A thumbnail that is there already stays.
    [[nodiscard]] bool insert(const std::vector<media::ThumbnailRecord>& thumbnails);
    /// The bytes in the blob store that thumbnails of this media refer to. The rows go with the media's own;
    /// whoever deletes it asks before, and takes away the blobs that nobody else refers to.
    [[nodiscard]] std::vector<media::BlobKey> blobs_of(const matrix::MediaId& media);
    [[nodiscard]] bool is_blob_referenced(const media::BlobKey& key);

  private:
    [[nodiscard]] bool has_media(const matrix::MediaId& media);
    void insert(const media::ThumbnailRecord& record);

    Statement select_thumbnail_;
    Statement count_thumbnails_;
    Statement insert_thumbnail_;
    Statement select_media_;
    Statement select_blobs_;
    Statement select_by_blob_;
};

}  // namespace mxcd::metadata
