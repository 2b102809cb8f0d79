#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/media/blob_store.hpp"

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace mxcd::blobs {

struct FolderStoreConfig {
    std::filesystem::path path = "media_store";
    /// Below this much free space uploads are not welcome.
    base::ByteCount min_free_space{1024LL * 1024 * 1024};
};

/// The folder cannot be used, and why; `main` turns the reason into an exit code.
struct OpenError : std::runtime_error {
    enum class Reason { in_use, permission, other };
    OpenError(Reason why, const std::string& text) : std::runtime_error(text), reason(why) {}
    Reason reason;
};

/// Blobs as files below one folder: `blobs/ab/<sha256 hex>` and, on the same file system, `spool/`. The last
/// missing folder is created 0700; a lock file keeps a second instance out. `workers` does all that blocks.
/// Throws OpenError.
[[nodiscard]] std::unique_ptr<media::BlobStore> open_folder_store(const FolderStoreConfig& config,
                                                                  async::WorkerPool& workers,
                                                                  base::Metrics& metrics);

}  // namespace mxcd::blobs
