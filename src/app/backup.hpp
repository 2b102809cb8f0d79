#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/async/worker_pool.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/metadata_store.hpp"
#include "mxcd/media/removals.hpp"

#include <functional>
#include <string>

namespace mxcd::app {

struct BackupSources {
    media::MetadataStore& metadata;
    media::BlobStore& blobs;
    media::Removals& removals;
    async::WorkerPool& workers;
};

/// Copies the database to `folder`/mxcd.db, then the bytes to `folder`/media_store: every row of the copy has
/// its bytes, because bytes are in place before their row is committed, and those of what is deleted
/// meanwhile stay until the end. `folder` is absolute and does not exist or is empty; its parent exists.
/// `progress` hears fractions from 0 to 1, on any thread. Throws base::StorageError whose text is fit for the
/// operator.
[[nodiscard]] async::Task<> back_up(BackupSources sources, std::string folder,
                                    std::function<void(double)> progress);

}  // namespace mxcd::app
