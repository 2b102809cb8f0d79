#include "log_rewrite.hpp"

#include "mxcd/base/unique_fd.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

namespace mxcd::metadata {

namespace {

constexpr std::size_t piece_size = std::size_t{1} << 20;

/// The bytes that were read; -1 for an error.
ssize_t read_piece(int log, std::span<std::byte> into, off_t offset) {
    ssize_t count = 0;
    do {
        count = ::pread(log, into.data(), into.size(), offset);
    } while (count < 0 && errno == EINTR);
    return count;
}

bool write_piece(int log, std::span<const std::byte> bytes, off_t offset) {
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(log, bytes.data(), bytes.size(), offset);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += count;
    }
    return true;
}

}  // namespace

int rewrite_log(const char* path) {
    // SQLite's locks are not on this file, so closing it harms none.
    const base::UniqueFd log(::open(path, O_RDWR | O_CLOEXEC));
    if (!log) return errno == ENOENT ? SQLITE_OK : SQLITE_CANTOPEN;
    std::vector<std::byte> piece(piece_size);
    off_t offset = 0;
    for (;;) {
        const ssize_t count = read_piece(log.get(), piece, offset);
        if (count < 0) return SQLITE_IOERR_READ;
        if (count == 0) break;
        if (!write_piece(log.get(), std::span(piece).first(static_cast<std::size_t>(count)), offset))
            return errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        offset += count;
    }
    if (offset > 0 && ::fdatasync(log.get()) != 0) return SQLITE_IOERR_FSYNC;
    return SQLITE_OK;
}

}  // namespace mxcd::metadata
