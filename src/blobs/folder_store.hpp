#pragma once

#include "mxcd/blobs/folder_store.hpp"

#include "disk_calls.hpp"

namespace mxcd::blobs {

/// open_folder_store() with the disk calls of one's choice.
[[nodiscard]] std::unique_ptr<media::BlobStore> open_folder_store(const FolderStoreConfig& config,
                                                                  async::WorkerPool& workers,
                                                                  base::Metrics& metrics, DiskCalls calls);

}  // namespace mxcd::blobs
