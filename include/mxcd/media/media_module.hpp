#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/matrix/error.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/media_record.hpp"
#include "mxcd/media/upload_limit.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mxcd::media {

/// What is known of an upload before its body.
struct UploadFacts {
    matrix::UserId user;
    base::ByteCount size;
    std::string declared_type;
    std::optional<std::string> file_name;
};

/// What is known of an upload between spool and commit.
struct FileFacts {
    UploadFacts upload;
    matrix::MediaId media;
    BlobKey blob;
    /// The lower-case `type/subtype` that the bytes look like; nothing when nobody can tell.
    std::optional<std::string> sniffed_type;
    /// All of the bytes, read-only, whether they will live in a file or in a row. Modules share the
    /// descriptor and its offset: read it with pread. It stays good for as long as it is held.
    OpenBlob file;
};

struct FileAllowed {};
/// The upload fails with this error and leaves nothing.
struct FileRejected {
    matrix::Error error;
};
/// The upload succeeds, and the media is not served.
struct FileQuarantined {};

/// A module's verdict on a file.
using FileVerdict = std::variant<FileAllowed, FileRejected, FileQuarantined>;

/// A limit that refused an upload, as the modules hear of it.
struct LimitEvent {
    matrix::UserId user;
    UploadLimit limit;
    base::ByteCount sent;
    /// 1 for a chunked upload that was refused before its body was read: its size is not known, and not even
    /// one byte had room.
    base::ByteCount attempted;
};

/// One link of the module chain, of whatever kind (contract section 5). Every method has the default "I have
/// no opinion". A module may throw matrix::Error to end the request with an error of its own; anything else
/// that it throws is a failure of the module, and its entry's `on_error` decides. Called on io threads,
/// concurrently; arguments are owned, so a call may outlive the request that made it.
class MediaModule {
  public:
    virtual ~MediaModule() = default;

    /// True when every answer but check_file's comes at once, without waiting for anything: such calls need
    /// no deadline. check_file always has one.
    [[nodiscard]] virtual bool answers_at_once() const { return false; }
    /// True while it is known that it cannot answer: for the readiness report.
    [[nodiscard]] virtual bool is_down() const { return false; }

    /// Whether media_config may have an opinion about this user: who has none is not asked. Never waits.
    [[nodiscard]] virtual bool tells_config(const matrix::UserId&) const { return true; }
    /// `get_media_config_for_user`: the whole body of the config endpoint (an object), or nothing.
    virtual async::Task<std::optional<matrix::Json>> media_config(matrix::UserId user);
    /// `is_user_allowed_to_upload_media_of_size`: false refuses with 413 M_TOO_LARGE.
    virtual async::Task<bool> is_upload_allowed(UploadFacts facts);
    /// `get_media_upload_limits_for_user`: an empty list means unlimited, nothing means "ask the next".
    /// `size` is what the user wants to upload (of a chunked body one byte at first, then its real size); the
    /// documented callback has no such parameter, so only kinds that can tell who wants it pass it on.
    virtual async::Task<std::optional<std::vector<UploadLimit>>> upload_limits(matrix::UserId user,
                                                                               base::ByteCount size);
    /// Quotas over everything a user has stored (builtin modules only): all of all modules apply.
    virtual async::Task<std::vector<StorageQuota>> storage_quotas(matrix::UserId user);
    /// `check_media_file`, between spool and commit.
    virtual async::Task<FileVerdict> check_file(FileFacts facts);
    /// Whether check_file has an opinion at all: when no module has one, files are not looked at.
    [[nodiscard]] virtual bool checks_files() const { return false; }

    /// `on_media_upload_limit_exceeded`, `on_media_uploaded`, `on_media_deleted`: told in the background;
    /// failures are only logged.
    virtual async::Task<> limit_exceeded(LimitEvent event);
    virtual async::Task<> media_uploaded(matrix::UserId user, matrix::MediaId media, base::ByteCount size);
    virtual async::Task<> media_deleted(matrix::MediaId media);
};

}  // namespace mxcd::media
