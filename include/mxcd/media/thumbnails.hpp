#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/snapshot.hpp"
#include "mxcd/media/downloads.hpp"
#include "mxcd/media/thumbnail_catalog.hpp"
#include "mxcd/media/thumbnailer.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace mxcd::media {

/// What the operator decided about thumbnails. Replaced as a whole on a reload.
struct ThumbnailPolicy {
    /// Made together from one decode, after the upload or at the first request.
    std::vector<ThumbnailSize> sizes{{32, 32, ThumbnailMethod::crop},
                                     {96, 96, ThumbnailMethod::crop},
                                     {320, 240, ThumbnailMethod::scale},
                                     {640, 480, ThumbnailMethod::scale},
                                     {800, 600, ThumbnailMethod::scale}};
    /// Make exactly what is asked for, up to a bounded number per piece of media.
    bool is_dynamic = false;
    /// WebP for clients that accept it.
    bool offers_webp = false;
    /// The first frame of videos, too.
    bool includes_video = false;
    /// Thumbnails up to this size live in their row's transaction instead of a file.
    base::ByteCount inline_body_max{32 * 1024};
};

/// A thumbnail ready to be sent.
struct Thumbnail {
    std::shared_ptr<const ThumbnailRecord> record;  // shared with the cache
    std::variant<std::shared_ptr<const std::string>, OpenBlob> body;
    base::ByteCount size;
    BlobKey key;  // of the bytes that are sent
};

struct ThumbnailDependencies {
    Downloads& downloads;
    ThumbnailCatalog& catalog;
    BlobStore& blobs;
    Thumbnailer& thumbnailer;
    /// Owns decodes under way; cancelled and empty before this object goes.
    async::TaskGroup& background;
    const base::Clock& clock;
    base::Metrics& metrics;
};

/// Giving out thumbnails of local media: looked up, or made on demand; many who ask for the same one cause
/// one decode. Thread-safe.
class Thumbnails {
  public:
    Thumbnails(ThumbnailPolicy policy, ThumbnailDependencies dependencies);
    ~Thumbnails();

    /// The thumbnail of `original` that suits `wanted` best: never smaller than asked for unless the original
    /// itself is. Nothing when the original has been deleted meanwhile. Throws matrix::Error 400 when it is
    /// nothing that can be thumbnailed and 413 when it has too many pixels; base::Overloaded,
    /// base::UpstreamError, base::StorageError.
    async::Task<std::optional<Thumbnail>> open(Download original, ThumbnailForm wanted);

    /// What open() would answer, when it is in memory with its bytes, which costs no task.
    [[nodiscard]] std::optional<Thumbnail> recall(const matrix::MediaId& media, const ThumbnailForm& wanted);

    /// Makes the configured sizes of new media in the background, if its declared type says image (or video,
    /// where those are included), and records what the picture is like. A few at a time, the others wait, in
    /// memory. Nobody hears of a failure: what is missing is made when it is asked for.
    void prepare(const async::Executor& home, const matrix::MediaId& media, std::string_view declared_type);

    /// What is known about a picture; nothing when nobody tried to decode it. Throws base::StorageError,
    /// base::Overloaded.
    async::Task<std::optional<PictureFacts>> find_picture(matrix::MediaId media);

    /// As find_picture(), after prepare() of this media has ended or `patience` is over. Nothing, too, when
    /// it failed or waits for others: whoever asks has better things to say.
    async::Task<std::optional<PictureFacts>> await_picture(matrix::MediaId media,
                                                           std::chrono::milliseconds patience);

    /// Frees what is in memory of deleted media. Any thread.
    void forget(const matrix::MediaId& media);

    void reconfigure(ThumbnailPolicy policy);
    [[nodiscard]] std::shared_ptr<const ThumbnailPolicy> policy() const { return policy_.get(); }

  private:
    struct Parts;

    base::Snapshot<ThumbnailPolicy> policy_;
    std::unique_ptr<Parts> parts_;
};

}  // namespace mxcd::media
