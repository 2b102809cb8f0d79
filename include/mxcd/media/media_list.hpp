#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/media_record.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mxcd::media {

/// A place in the list of media: before everything, or right behind some media. Nobody but the list knows
/// what the numbers mean, and they mean nothing after a restart.
struct ListPosition {
    std::int64_t major = 0;
    std::int64_t minor = 0;
};

/// For readers who keep a copy.
struct ListRequest {
    std::optional<matrix::UserId> owner;  // nothing: everybody's media
    ListPosition after;                   // how far the reader has come
    /// The `changes` of the piece that the reader heard last, whoever's media it was about; nothing for one
    /// that has no copy yet.
    std::optional<std::int64_t> changes_seen = std::nullopt;
    std::int64_t limit = 500;
};

struct ListedMedia {
    MediaRecord record;  // without inline body
    ListPosition position;
};

/// Media that was deleted, quarantined, released or protected, and what is there of it now.
struct ChangedMedia {
    matrix::MediaId id;
    std::optional<MediaRecord> record;  // without inline body; nothing: it was deleted
};

struct ListPiece {
    std::vector<ListedMedia> media;
    std::vector<ChangedMedia> changed;  // since `changes_seen`, everybody's
    std::int64_t changes = 0;           // how many the reader knows of now
    /// There were more changes than anybody remembers: the copy is worth nothing any more.
    bool is_torn = false;
    /// Neither media nor changes came after these at that moment. A piece that is not the last may be shorter
    /// than was asked for, but is not empty.
    bool is_last = true;
};

/// All local media in the order in which it was recorded: new media always comes behind what was read before.
/// Any thread may call; tasks resume on the caller's io thread. Throws base::StorageError, base::Overloaded.
class MediaList {
  public:
    virtual ~MediaList() = default;

    /// A piece is so short that others hardly wait for it.
    virtual async::Task<ListPiece> read(ListRequest request) = 0;
};

}  // namespace mxcd::media
