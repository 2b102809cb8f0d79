#include "gathering_vfs.hpp"

#include "log_rewrite.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace mxcd::metadata {

namespace {

/// SQLite's file layer for Unix uses the lower 17 bits of a length.
constexpr sqlite3_int64 gathered_at_most = 128 * 1024 - 1;

constexpr sqlite3_int64 log_header_size = 32;

/// SQLite allocates the memory: this object, and behind it the file of the layer below.
class GatheringFile : public sqlite3_file {
  public:
    static GatheringFile& of(sqlite3_file* file) { return *static_cast<GatheringFile*>(file); }

    [[nodiscard]] sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }

    int write(const void* bytes, int size, sqlite3_int64 offset) {
        if (offset == 0 && size == log_header_size) ++logs_begun_;
        if (size_ != 0 && (offset != begin_ + size_ || size_ + size > gathered_at_most)) {
            const int result = write_gathered();
            if (result != SQLITE_OK) return result;
        }
        if (size > gathered_at_most || !has_room())
            return below()->pMethods->xWrite(below(), bytes, size, offset);
        if (size_ == 0) begin_ = offset;
        std::memcpy(bytes_.get() + size_, bytes, static_cast<std::size_t>(size));
        size_ += size;
        return SQLITE_OK;
    }

    /// What could not be written is forgotten: the transaction fails with the result and writes it again, if
    /// at all.
    int write_gathered() {
        if (size_ == 0) return SQLITE_OK;
        const int size = static_cast<int>(size_);
        size_ = 0;
        return below()->pMethods->xWrite(below(), bytes_.get(), size, begin_);
    }

    /// Between them a flush only writes what is gathered.
    void leave_flushes() { leaves_flushes_ = true; }
    void flush_again() { leaves_flushes_ = false; }

    [[nodiscard]] std::uint64_t logs_begun() const { return logs_begun_; }

    int sync(int flags) {
        // Frames that reach the disk before the new header of their log could be taken for older ones.
        const bool is_header = begin_ == 0 && size_ == log_header_size;
        const bool may_leave = leaves_flushes_ && bytes_ != nullptr && !is_header;
        const int written = write_gathered();
        if (written != SQLITE_OK || may_leave) return written;
        return below()->pMethods->xSync(below(), flags);
    }

  private:
    [[nodiscard]] bool has_room() {
        if (!bytes_) bytes_.reset(new (std::nothrow) std::byte[gathered_at_most]);
        return bytes_ != nullptr;
    }

    std::unique_ptr<std::byte[]> bytes_;
    sqlite3_int64 begin_ = 0;
    sqlite3_int64 size_ = 0;
    bool leaves_flushes_ = false;
    std::uint64_t logs_begun_ = 0;
};

// SQLite aligns what it allocates to 8 bytes.
static_assert(alignof(GatheringFile) == 8 && sizeof(GatheringFile) % 8 == 0,
              "the file below would lie askew");

int close(sqlite3_file* file) {
    GatheringFile& gathering = GatheringFile::of(file);
    const int written = gathering.write_gathered();
    const int closed = gathering.below()->pMethods->xClose(gathering.below());
    gathering.~GatheringFile();
    return written != SQLITE_OK ? written : closed;
}

int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
    GatheringFile& gathering = GatheringFile::of(file);
    const int written = gathering.write_gathered();
    if (written != SQLITE_OK) return written;
    return gathering.below()->pMethods->xRead(gathering.below(), into, size, offset);
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    return GatheringFile::of(file).write(bytes, size, offset);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
    GatheringFile& gathering = GatheringFile::of(file);
    const int written = gathering.write_gathered();
    if (written != SQLITE_OK) return written;
    return gathering.below()->pMethods->xTruncate(gathering.below(), size);
}

int sync(sqlite3_file* file, int flags) { return GatheringFile::of(file).sync(flags); }

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    GatheringFile& gathering = GatheringFile::of(file);
    const int written = gathering.write_gathered();
    if (written != SQLITE_OK) return written;
    return gathering.below()->pMethods->xFileSize(gathering.below(), size);
}

int lock(sqlite3_file* file, int level) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    return below->pMethods->xLock(below, level);
}

int unlock(sqlite3_file* file, int level) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    return below->pMethods->xUnlock(below, level);
}

int check_reserved_lock(sqlite3_file* file, int* result) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    return below->pMethods->xCheckReservedLock(below, result);
}

int file_control(sqlite3_file* file, int operation, void* argument) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    return below->pMethods->xFileControl(below, operation, argument);
}

int sector_size(sqlite3_file* file) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    return below->pMethods->xSectorSize(below);
}

int device_characteristics(sqlite3_file* file) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    return below->pMethods->xDeviceCharacteristics(below);
}

int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    return below->pMethods->xShmMap(below, region, size, extend, memory);
}

int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    return below->pMethods->xShmLock(below, offset, count, flags);
}

void shm_barrier(sqlite3_file* file) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    below->pMethods->xShmBarrier(below);
}

int shm_unmap(sqlite3_file* file, int remove) {
    sqlite3_file* const below = GatheringFile::of(file).below();
    return below->pMethods->xShmUnmap(below, remove);
}

constexpr sqlite3_io_methods methods{2,
                                     close,
                                     read,
                                     write,
                                     truncate,
                                     sync,
                                     file_size,
                                     lock,
                                     unlock,
                                     check_reserved_lock,
                                     file_control,
                                     sector_size,
                                     device_characteristics,
                                     shm_map,
                                     shm_lock,
                                     shm_barrier,
                                     shm_unmap,
                                     nullptr,
                                     nullptr};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    // SQLite has locked the database, and reads the log as soon as it is open.
    if (const int result = (flags & SQLITE_OPEN_WAL) != 0 ? rewrite_log(name) : SQLITE_OK;
        result != SQLITE_OK)
        return result;
    auto* const below = static_cast<sqlite3_vfs*>(vfs->pAppData);
    auto* const gathering = new (file) GatheringFile{};
    const int result = below->xOpen(below, name, gathering->below(), flags, flags_out);
    if (result == SQLITE_OK) {
        gathering->pMethods = &methods;
        return SQLITE_OK;
    }
    // SQLite closes only what has methods.
    if (gathering->below()->pMethods != nullptr) gathering->below()->pMethods->xClose(gathering->below());
    gathering->~GatheringFile();
    return result;
}

/// SQLite's layer for one process that has the database to itself, with another way to open a file.
sqlite3_vfs make_vfs() {
    sqlite3_vfs* const below = sqlite3_vfs_find("unix-excl");
    sqlite3_vfs vfs = *below;
    vfs.szOsFile += static_cast<int>(sizeof(GatheringFile));
    vfs.pNext = nullptr;
    vfs.zName = "mxcd-gathering";
    vfs.pAppData = below;
    vfs.xOpen = open;
    return vfs;
}

/// Nothing on a connection without this layer.
sqlite3_file* log_of(sqlite3* connection) {
    sqlite3_file* log = nullptr;
    sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
    return log != nullptr && log->pMethods == &methods ? log : nullptr;
}

}  // namespace

UnflushedCommit::UnflushedCommit(sqlite3* connection) : log_(log_of(connection)) {
    if (log_ != nullptr) GatheringFile::of(log_).leave_flushes();
}

UnflushedCommit::~UnflushedCommit() {
    if (log_ != nullptr) GatheringFile::of(log_).flush_again();
}

std::uint64_t logs_begun(sqlite3* connection) {
    sqlite3_file* const log = log_of(connection);
    return log != nullptr ? GatheringFile::of(log).logs_begun() : 0;
}

const char* gathering_vfs() {
    static sqlite3_vfs vfs = make_vfs();  // SQLite keeps the address
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    return registered == SQLITE_OK ? vfs.zName : nullptr;
}

}  // namespace mxcd::metadata
