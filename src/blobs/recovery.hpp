#pragma once

#include "mxcd/media/media_record.hpp"

#include "folders.hpp"

#include <functional>

namespace mxcd::blobs {

/// Mends what a crash left in the spool, and takes away the bytes that its names stand for and no row has.
/// Its cost grows with what was in flight, not with the store. May itself be killed and run again. Blocks.
/// Throws base::StorageError, and what `is_referenced` throws.
void recover_spool(const Folders& folders, const std::function<bool(const media::BlobKey&)>& is_referenced);

}  // namespace mxcd::blobs
