#pragma once

#include "mxcd/media/moderation_store.hpp"

#include "database_thread.hpp"

namespace mxcd::metadata {

/// What moderators do to rows about media, behind the database's thread.
class SqliteModerationStore final : public media::ModerationStore {
  public:
    /// `thread` must outlive it.
    explicit SqliteModerationStore(DatabaseThread& thread) : thread_(thread) {}

    async::Task<std::vector<media::BlobKey>> blobs_of(matrix::MediaId id) override;
    async::Task<std::optional<media::DeletedMedia>> erase(matrix::MediaId id) override;
    async::Task<std::vector<matrix::MediaId>> quarantine(matrix::MediaId id, std::string by) override;
    async::Task<std::vector<matrix::MediaId>> quarantine_all_of(matrix::UserId user, std::string by) override;
    async::Task<std::vector<matrix::MediaId>> unquarantine(matrix::MediaId id) override;
    async::Task<bool> set_protected(matrix::MediaId id, bool is_protected) override;
    async::Task<media::MediaPage> media_of(media::MediaPageRequest request) override;

  private:
    DatabaseThread& thread_;
};

}  // namespace mxcd::metadata
