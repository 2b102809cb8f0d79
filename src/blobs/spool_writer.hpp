#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/media/blob_store.hpp"

#include "errands.hpp"
#include "folder_disk.hpp"
#include "store_metrics.hpp"

#include <memory>

namespace mxcd::blobs {

/// What the writers of one store share. All of it outlives them.
struct WriterTools {
    FolderDisk& disk;
    async::WorkerPool& workers;
    Errands& errands;
    StoreMetrics& metrics;
};

/// A writer into `spool`, which it owns from now on.
[[nodiscard]] std::unique_ptr<media::BlobWriter> make_spool_writer(const WriterTools& tools, SpoolFile spool);

}  // namespace mxcd::blobs
