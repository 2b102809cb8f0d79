#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/media_record.hpp"
#include "mxcd/media/picture_facts.hpp"
#include "mxcd/media/thumbnailer.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::media {

/// One thumbnail of a piece of media, made earlier. Immutable once recorded.
struct ThumbnailRecord {
    matrix::MediaId media;
    ThumbnailForm form;
    ImageType type = ImageType::jpeg;
    std::int32_t width = 0;
    std::int32_t height = 0;
    /// The media's own bytes serve; there are no others.
    bool is_original = false;
    base::ByteCount size;
    BlobKey blob;
    /// The bytes themselves when they live in the row's transaction; nothing when the blob store has them, or
    /// for the original. Shared with the answers that are being sent from it.
    std::shared_ptr<const std::string> inline_body;
};

/// The thumbnails that were made and what their pictures are like, as children of their media: whoever
/// deletes media deletes them. Any thread may call; tasks resume on the caller's io thread. Throws
/// base::StorageError, base::Overloaded.
class ThumbnailCatalog {
  public:
    virtual ~ThumbnailCatalog() = default;

    virtual async::Task<std::optional<ThumbnailRecord>> find(matrix::MediaId media, ThumbnailForm form) = 0;

    /// Writes what came of a decode of this media in one transaction: its thumbnails, and what the picture is
    /// like. What is there already stays as it is. False, and nothing is written, when there is no such media
    /// any more.
    virtual async::Task<bool> record(matrix::MediaId media, PictureFacts picture,
                                     std::vector<ThumbnailRecord> thumbnails) = 0;

    /// What is known about the picture; nothing when nobody tried to decode it.
    virtual async::Task<std::optional<PictureFacts>> find_picture(matrix::MediaId media) = 0;

    /// How many thumbnails of this media there are.
    virtual async::Task<std::int64_t> count(matrix::MediaId media) = 0;
};

}  // namespace mxcd::media
