#pragma once

#include "mxcd/media/blob_store.hpp"

#include "errands.hpp"
#include "folder_disk.hpp"

#include <memory>

namespace mxcd::blobs {

/// `disk` and `errands` must outlive it.
[[nodiscard]] std::unique_ptr<media::DoomedBlob> make_doomed_blob(FolderDisk& disk, Errands& errands,
                                                                  Placement placement);

}  // namespace mxcd::blobs
