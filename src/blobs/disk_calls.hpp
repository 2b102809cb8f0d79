#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <functional>

namespace mxcd::blobs {

/// The calls whose failure decides what is promised to a client, replaceable so that tests can make them
/// fail. Each keeps to the contract of its default: -1 and errno.
struct DiskCalls {
    std::function<ssize_t(int file, const void* bytes, std::size_t count, off_t offset)> write_at = ::pwrite;
    std::function<int(int file)> flush_file = ::fdatasync;
    std::function<int(int folder)> flush_folder = ::fsync;
};

/// Translates an errno: no room becomes base::StorageFull, no descriptors base::Overloaded, the rest
/// base::StorageError. `doing` says what failed, for the log.
[[noreturn]] void throw_disk_error(const char* doing, int error);

[[nodiscard]] bool means_full(int error);

}  // namespace mxcd::blobs
