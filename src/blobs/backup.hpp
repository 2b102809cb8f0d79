#pragma once

#include "mxcd/base/unique_fd.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace mxcd::blobs {

/// A copy of the blobs in the layout of a store: `<destination>/blobs/ab/<sha256 hex>`. Hard links where the
/// file system allows them, flushed copies elsewhere. Files that an earlier, interrupted run finished are
/// kept. Blocks. Throws base::StorageError, base::StorageFull.
class Backup {
  public:
    /// Creates the folders. `blobs` is the store's folder, open for as long as this lives.
    Backup(int blobs, const std::filesystem::path& destination);

    void copy_shard(std::size_t shard);
    /// Flushes the folders: the backup is durable when it returns.
    void finish();

  private:
    void copy_blob(int from_folder, int to_folder, const std::string& name);
    void copy_bytes(int from_folder, int to_folder, const std::string& name, std::int64_t size);

    const int from_;
    base::UniqueFd parent_;
    base::UniqueFd top_;
    base::UniqueFd to_;
};

}  // namespace mxcd::blobs
