#pragma once

#include "mxcd/media/moderation_store.hpp"

#include "change_log.hpp"
#include "sqlite.hpp"
#include "thumbnail_tables.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::metadata {

/// What moderators do to rows about media, synchronous: used by the database's thread only, inside the
/// caller's transaction.
class ModerationTables {
  public:
    /// `thumbnails` must outlive it.
    ModerationTables(Connection& connection, ThumbnailTables& thumbnails);

    [[nodiscard]] std::vector<media::BlobKey> blobs_of(const matrix::MediaId& id);
    [[nodiscard]] std::optional<media::DeletedMedia> erase(const matrix::MediaId& id);
    [[nodiscard]] std::vector<matrix::MediaId> quarantine(const matrix::MediaId& id, const std::string& by);
    [[nodiscard]] std::vector<matrix::MediaId> quarantine_all_of(const matrix::UserId& user,
                                                                 const std::string& by);
    [[nodiscard]] std::vector<matrix::MediaId> unquarantine(const matrix::MediaId& id);
    [[nodiscard]] bool set_protected(const matrix::MediaId& id, bool is_protected);
    [[nodiscard]] media::MediaPage media_of(const media::MediaPageRequest& request);
    /// Whether media with these bytes is in quarantine.
    [[nodiscard]] bool is_quarantined(const media::BlobKey& hash);
    [[nodiscard]] const ChangeLog& changes() const { return changes_; }

  private:
    std::vector<matrix::MediaId> changed_ids(Query& query);

    Connection& connection_;
    ThumbnailTables& thumbnails_;
    Statement select_blob_;
    Statement select_owner_;
    Statement delete_media_;
    Statement give_back_;
    Statement quarantine_;
    Statement quarantine_all_;
    Statement unquarantine_;
    Statement protect_;
    Statement select_user_;
    Statement select_newest_;
    Statement select_oldest_;
    Statement select_quarantined_;
    ChangeLog changes_;
};

}  // namespace mxcd::metadata
