#pragma once

#include "mxcd/media/thumbnails.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mxcd::media {

/// The thumbnails of one batch, in its order. Shared by everybody who waited for it.
using ThumbnailBatch = std::shared_ptr<const std::vector<std::shared_ptr<const ThumbnailRecord>>>;

/// What making thumbnails works with. All of it outlives the work.
struct ThumbnailTools {
    ThumbnailCatalog& catalog;
    BlobStore& blobs;
    Thumbnailer& thumbnailer;
};

/// Thrown by the work when there is no thumbnail to be had.
struct NoThumbnail {
    ThumbnailRefusal refusal;
};

/// The type that the first bytes show. A file's are read on the caller's thread, as they are when it is sent.
[[nodiscard]] std::optional<ImageType> type_of(const Download& original);

/// What the policy would make thumbnails of, by the first bytes. Nothing when they are something else.
[[nodiscard]] std::optional<ThumbnailSource> source_of(const Download& original,
                                                       const ThumbnailPolicy& policy);

/// What a batch is made of, and what is made.
struct BatchOrder {
    Download original;
    ThumbnailSource source = ThumbnailSource::image;
    std::vector<ThumbnailForm> forms;
    base::ByteCount inline_body_max;
};

/// Makes a batch from one decode and records it. Nothing, and nothing stays, when the media is gone
/// meanwhile. Throws NoThumbnail and what the tools throw.
async::Task<ThumbnailBatch> make_batch(ThumbnailTools tools, BatchOrder order);

}  // namespace mxcd::media
