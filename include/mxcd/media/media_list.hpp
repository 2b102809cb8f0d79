#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/media_record.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mxcd::media {

/// A place in the list of media: before everything, or right behind some media. Nobody but the list knows what
/// the numbers mean, and they mean nothing after a restart.
struct ListPosition {
    std::int64_t major = 0;
    std::int64_t minor = 0;
};

struct ListRequest {
    std::optional<matrix::UserId> owner;  // nothing: everybody's media
    ListPosition after;
    std::int64_t limit = 500;
};

struct ListedMedia {
    MediaRecord record;  // without inline body
    ListPosition position;
};

struct ListPiece {
    std::vector<ListedMedia> media;
    /// Nothing came after them at that moment. Pieces that are not the last may be shorter than was asked for,
    /// but are not empty.
    bool is_last = true;
    /// Grows whenever media is deleted, quarantined, released or protected. As long as it is the same, what was
    /// read before is still true.
    std::int64_t changes = 0;
};

/// All local media in the order in which it was recorded, for readers who keep a copy: new media always comes
/// behind what was read before. Any thread may call; tasks resume on the caller's io thread. Throws
/// base::StorageError, base::Overloaded.
class MediaList {
  public:
    virtual ~MediaList() = default;

    /// A piece is so short that others hardly wait for it.
    virtual async::Task<ListPiece> read(ListRequest request) = 0;
};

}  // namespace mxcd::media
