#pragma once

#include "mxcd/media/thumbnail_catalog.hpp"

#include "sqlite.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mxcd::metadata {

/// What came of a decode of one piece of media.
struct Decoded {
    matrix::MediaId media;
    media::PictureFacts picture;
    std::vector<media::ThumbnailRecord> thumbnails;
};

/// Rows about thumbnails and their pictures, synchronous: used by the database's thread only, inside the
/// caller's transaction.
class ThumbnailTables {
  public:
    explicit ThumbnailTables(Connection& connection);

    [[nodiscard]] std::optional<media::ThumbnailRecord> find(const matrix::MediaId& media,
                                                             const media::ThumbnailForm& form);
    [[nodiscard]] std::int64_t count(const matrix::MediaId& media);
    /// False, and nothing is written, when the media is not there. What is there already stays.
    [[nodiscard]] bool insert(const Decoded& decoded);
    [[nodiscard]] std::optional<media::PictureFacts> find_picture(const matrix::MediaId& media);
    /// The bytes in the blob store that thumbnails of this media refer to. The rows go with the media's own;
    /// whoever deletes it asks before, and takes away the blobs that nobody else refers to.
    [[nodiscard]] std::vector<media::BlobKey> blobs_of(const matrix::MediaId& media);
    [[nodiscard]] bool is_blob_referenced(const media::BlobKey& key);

  private:
    [[nodiscard]] bool has_media(const matrix::MediaId& media);
    void insert(const media::ThumbnailRecord& record);
    void insert_picture(const Decoded& decoded);

    Statement select_thumbnail_;
    Statement count_thumbnails_;
    Statement insert_thumbnail_;
    Statement select_picture_;
    Statement insert_picture_;
    Statement select_media_;
    Statement select_blobs_;
    Statement select_by_blob_;
};

}  // namespace mxcd::metadata
