#pragma once

#include "mxcd/media/thumbnail_catalog.hpp"

#include "database_thread.hpp"

namespace mxcd::metadata {

/// The rows about thumbnails, behind the database's thread.
class SqliteThumbnailCatalog final : public media::ThumbnailCatalog {
  public:
    /// `thread` must outlive it.
    explicit SqliteThumbnailCatalog(DatabaseThread& thread) : thread_(thread) {}

    async::Task<std::optional<media::ThumbnailRecord>> find(matrix::MediaId media,
                                                            media::ThumbnailForm form) override;
    async::Task<bool> record(matrix::MediaId media, media::PictureFacts picture,
                             std::vector<media::ThumbnailRecord> thumbnails) override;
    async::Task<std::optional<media::PictureFacts>> find_picture(matrix::MediaId media) override;
    async::Task<std::int64_t> count(matrix::MediaId media) override;

  private:
    DatabaseThread& thread_;
};

}  // namespace mxcd::metadata
