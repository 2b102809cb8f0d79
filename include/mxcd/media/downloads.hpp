#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/metadata_store.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace mxcd::media {

class RecordCache;

/// Media ready to be sent: what is known about it, and where its bytes are.
struct Download {
    std::shared_ptr<const MediaRecord> record;  // shared with the cache
    std::optional<OpenBlob> blob;               // nothing when the record carries its bytes
};

/// Giving out local media.
class Downloads {
  public:
    /// Keeps up to `cached_records` records (with their inline bodies: at most 16 MiB of those) in memory;
    /// whoever changes one calls forget().
    Downloads(MetadataStore& metadata, BlobStore& blobs, base::Metrics& metrics,
              std::size_t cached_records = 8192);
    ~Downloads();

    /// Nothing when there is no such media, or when it is quarantined. Throws base::StorageError, also when a
    /// row has lost its bytes. `id` must stay valid until the task resumes.
    async::Task<std::optional<Download>> open(const matrix::MediaId& id);

    /// What open() would find, when it is in memory, which costs no task: the row without its bytes.
    [[nodiscard]] std::shared_ptr<const MediaRecord> recall(const matrix::MediaId& id);

    /// The row has changed or gone: the next open() looks at it anew. Any thread.
    void forget(const matrix::MediaId& id);

  private:
    async::Task<std::shared_ptr<const MediaRecord>> find(const matrix::MediaId& id);

    MetadataStore& metadata_;
    BlobStore& blobs_;
    base::Counter& cache_hits_;
    std::unique_ptr<RecordCache> cache_;
};

}  // namespace mxcd::media
