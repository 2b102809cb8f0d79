#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/downloads.hpp"
#include "mxcd/media/metadata_store.hpp"
#include "mxcd/media/moderation_store.hpp"
#include "mxcd/media/removals.hpp"
#include "mxcd/media/thumbnails.hpp"
#include "mxcd/media/uploads.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mxcd::media {

struct ModerationDependencies {
    ModerationStore& store;
    MetadataStore& metadata;
    BlobStore& blobs;
    Removals& removals;
    Downloads& downloads;
    Thumbnails& thumbnails;
    const Uploads& uploads;  // for its modules, who are told
    base::Metrics& metrics;
};

/// Deleting media and keeping it from being served. Whatever changes anything leaves a line in the log that
/// says who did it (`by`). Thread-safe.
class Moderation {
  public:
    explicit Moderation(ModerationDependencies dependencies);

    /// Deletes media with its thumbnails; it is served no more when the task resumes. Its bytes go when
    /// nobody else has the same and no backup runs. False when there is no such media.
    async::Task<bool> erase(matrix::MediaId id, matrix::UserId by);

    /// How many pieces of media are in quarantine because of this: all with the same bytes, also those that
    /// are uploaded later. Protected media is left alone.
    async::Task<std::int64_t> quarantine(matrix::MediaId id, matrix::UserId by);
    async::Task<std::int64_t> quarantine_all_of(matrix::UserId user, matrix::UserId by);
    async::Task<std::int64_t> unquarantine(matrix::MediaId id, matrix::UserId by);
    /// False when there is no such media.
    async::Task<bool> set_protected(matrix::MediaId id, bool is_protected, matrix::UserId by);

    /// Nothing when there is no such media; quarantined media is found.
    async::Task<std::optional<MediaRecord>> find(matrix::MediaId id);
    async::Task<MediaPage> media_of(MediaPageRequest request);

  private:
    std::int64_t forget_all(const std::vector<matrix::MediaId>& ids);

    ModerationStore& store_;
    MetadataStore& metadata_;
    BlobStore& blobs_;
    Removals& removals_;
    Downloads& downloads_;
    Thumbnails& thumbnails_;
    const Uploads& uploads_;
    base::Counter& erased_;
    base::Counter& quarantined_;
};

}  // namespace mxcd::media
