#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/media_record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::media {

/// What a list of media is sorted by; what is equal in it, by ID.
enum class MediaOrder : std::uint8_t {
    created_at,
    id,
    file_name,  // media without one comes first
    size,
    content_type,
    quarantined_by,  // media that is not in quarantine comes first
    is_protected,
};

/// Part of what one user has uploaded.
struct MediaPageRequest {
    matrix::UserId user;
    std::int64_t from = 0;
    std::int64_t limit = 100;
    bool is_descending = true;
    MediaOrder order = MediaOrder::created_at;
};

struct MediaPage {
    std::vector<MediaRecord> media;  // without inline bodies
    std::int64_t total = 0;
};

/// What went with a deleted row.
struct DeletedMedia {
    matrix::UserId owner;
    base::ByteCount size;
    BlobKey hash;
    /// The blobs that it and its thumbnails referred to. Others may refer to them as well.
    std::vector<BlobKey> blobs;
};

/// What those who look after a server do to rows about media. Quarantine follows the bytes: it concerns every
/// row with the same hash. Each call is one transaction, durable when the task resumes. Any thread may call;
/// tasks resume on the caller's io thread. Throws base::StorageError, base::Overloaded.
class ModerationStore {
  public:
    virtual ~ModerationStore() = default;

    /// The blobs that this media and its thumbnails refer to.
    virtual async::Task<std::vector<BlobKey>> blobs_of(matrix::MediaId id) = 0;
    /// Takes away the row and its thumbnails. What its owner has stored shrinks; what the owner has sent does
    /// not. Nothing when there is no such media.
    virtual async::Task<std::optional<DeletedMedia>> erase(matrix::MediaId id) = 0;

    /// Both give the media whose state changed. Protected media is skipped, as what is asked for and as what
    /// has the same bytes.
    virtual async::Task<std::vector<matrix::MediaId>> quarantine(matrix::MediaId id, std::string by) = 0;
    virtual async::Task<std::vector<matrix::MediaId>> quarantine_all_of(matrix::UserId user,
                                                                        std::string by) = 0;
    virtual async::Task<std::vector<matrix::MediaId>> unquarantine(matrix::MediaId id) = 0;
    /// False when there is no such media.
    virtual async::Task<bool> set_protected(matrix::MediaId id, bool is_protected) = 0;

    virtual async::Task<MediaPage> media_of(MediaPageRequest request) = 0;
};

}  // namespace mxcd::media
