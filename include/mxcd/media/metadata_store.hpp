#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/media_record.hpp"
#include "mxcd/media/upload_ledger.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace mxcd::media {

/// Rows about media. Any thread may call; tasks resume on the caller's io thread.
/// Throws base::StorageError (StorageFull when the disk is full), base::Overloaded when its queue is full.
class MetadataStore {
  public:
    virtual ~MetadataStore() = default;

    /// The commit point of an upload: ONE transaction writes the media row (and an inline body), the ledger
    /// entry of `reservation` and ends that reservation, flushed to the disk when the task resumes. On an
    /// exception nothing was written and the reservation still stands; except on base::OutcomeUnknown, when
    /// nobody knows what was written, and the reservation has ended. The ledger entry's time is the moment
    /// of the commit, and becomes the row's `created_at`. A media ID that is taken is a StorageError.
    virtual async::Task<> record_upload(MediaRecord record, ReservationId reservation) = 0;

    virtual async::Task<std::optional<MediaRecord>> find(matrix::MediaId id) = 0;

    /// Whether any row refers to these bytes in the blob store.
    virtual async::Task<bool> is_blob_referenced(BlobKey key) = 0;

    /// Writes a consistent copy of the database to `destination` (a file that must not exist) while work goes
    /// on; `progress` hears fractions from 0 to 1, on the database's thread.
    virtual async::Task<> back_up(std::filesystem::path destination,
                                  std::function<void(double)> progress) = 0;

    /// Answers a trivial question, to show that the database is alive.
    virtual async::Task<> ping() = 0;
};

}  // namespace mxcd::media
