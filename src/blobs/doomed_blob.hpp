#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/media/blob_store.hpp"

#include "errands.hpp"
#include "folder_disk.hpp"

#include <memory>

namespace mxcd::blobs {

/// All three references must outlive it.
[[nodiscard]] std::unique_ptr<media::DoomedBlob> make_doomed_blob(FolderDisk& disk,
                                                                  async::WorkerPool& workers,
                                                                  Errands& errands, Placement placement);

}  // namespace mxcd::blobs
