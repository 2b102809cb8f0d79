#pragma once

#include "folder_disk.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mxcd::blobs {

/// The bytes of one body on their way into its spool file, in order. The first 8 MiB go through the page
/// cache, where what is looked at, made smaller and downloaded soon is at hand. What follows goes past it in
/// whole blocks where the file system can (O_DIRECT): for large bodies the copy into the cache and the
/// write-back cost more than receiving and hashing, and they push out what others read. Every method blocks,
/// so they are for workers, one at a time. Throws what FolderDisk::append() throws.
class SpoolStream {
  public:
    /// Both must outlive it.
    SpoolStream(FolderDisk& disk, const SpoolFile& spool) : disk_(disk), spool_(spool) {}

    void append(std::span<const std::byte> bytes);
    /// Whether finish() has anything to do.
    [[nodiscard]] bool has_rest() const { return !rest_.empty(); }
    /// Writes what is left of the last block.
    void finish();

  private:
    void append_blocks(std::span<const std::byte> bytes);
    void write(std::span<const std::byte> bytes);

    FolderDisk& disk_;
    const SpoolFile& spool_;
    std::int64_t written_ = 0;
    bool is_direct_ = false;
    std::vector<std::byte> rest_;  // of a block that is not whole yet
};

}  // namespace mxcd::blobs
