#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "mxcd/async/task.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/metadata_store.hpp"

namespace mxcd::media {

/// Media ready to be sent: what is known about it, and where its bytes are.
struct Download {
    std::shared_ptr<const MediaRecord> record;  // shared with the cache
    std::optional<OpenBlob> blob;               // nothing when the record carries its bytes
};

/// Giving out local media.
class Downloads {
  public:
    /// Keeps up to `cached_records` records (with their inline bodies: at most 16 MiB of those) in memory; they
    /// never change once recorded.
    Downloads(MetadataStore& metadata, BlobStore& blobs, std::size_t cached_records = 8192);
    ~Downloads();

    /// Nothing when there is no such media. Throws base::StorageError, also when a row has lost its bytes.
    async::Task<std::optional<Download>> open(const matrix::MediaId& id);

  private:
    class RecordCache;
    MetadataStore& metadata_;
    BlobStore& blobs_;
    std::unique_ptr<RecordCache> cache_;
};

}  // namespace mxcd::media
