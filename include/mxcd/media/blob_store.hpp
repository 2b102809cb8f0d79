#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/unique_fd.hpp"
#include "mxcd/media/media_record.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace mxcd::media {

/// Bytes at their content address, not yet spoken for by a committed row. keep() once the row is committed,
/// leave() when nobody knows whether it is; without either the destructor takes the bytes away again, unless
/// a row or another upload in flight has the same bytes. Never blocks an io thread.
class StoredBlob {
  public:
    virtual ~StoredBlob() = default;
    virtual void keep() noexcept = 0;
    /// The bytes stay, and the next start decides by the row.
    virtual void leave() noexcept = 0;
};

/// Bytes whose last row may be about to go. Noted on the disk, so that a crash before it is decided is mended
/// at the next start; the destructor without a decision leaves the bytes and the note. look(), then ask for
/// the rows, then spare() or remove(). Never blocks an io thread.
class DoomedBlob {
  public:
    virtual ~DoomedBlob() = default;
    /// The rows will be asked for now, after the row that goes is gone.
    virtual void look() = 0;
    /// A row refers to them. The last call.
    virtual void spare() noexcept = 0;
    /// No row refers to them. True when the bytes have gone: the last call. False when an upload of the same
    /// bytes is in flight or was committed since look(): look again. Throws base::Overloaded.
    virtual async::Task<bool> remove() = 0;
};

/// A finished body in the spool: complete, counted and hashed, not yet flushed.
struct SpooledBody {
    BlobKey key;
    base::ByteCount size;
};

/// An open blob, shared by whoever reads it.
struct OpenBlob {
    std::shared_ptr<const base::UniqueFd> file;
    base::ByteCount size;
};

/// A body on its way in: a spool file on the store's file system, removed again by the destructor unless
/// store() moved it. One writer, on its own io thread; hashing and writing happen on workers.
class BlobWriter {
  public:
    virtual ~BlobWriter() = default;

    /// Appends. The bytes must stay valid until the task resumes. Throws base::StorageFull on ENOSPC or
    /// EDQUOT.
    virtual async::Task<> write(std::span<const std::byte> bytes) = 0;
    virtual async::Task<SpooledBody> finish() = 0;
    /// The body for reading, by a descriptor of its own that cannot write; after finish(). It stays good when
    /// the writer has gone.
    virtual async::Task<OpenBlob> open() = 0;
    /// Flushes the body, puts it at its content address and flushes the folder: durable when the task
    /// resumes. Bytes that are there already are kept as they are. After finish().
    virtual async::Task<std::unique_ptr<StoredBlob>> store() = 0;
};

/// Content-addressed bytes. Any thread may call; tasks resume on the caller's io thread.
/// Throws base::StorageError, base::StorageFull, base::Overloaded.
class BlobStore {
  public:
    virtual ~BlobStore() = default;

    virtual async::Task<std::unique_ptr<BlobWriter>> create() = 0;
    /// Nothing when there are no such bytes.
    virtual async::Task<std::optional<OpenBlob>> open(BlobKey key) = 0;

    /// To be called before the row of these bytes is deleted, which need not be there.
    virtual async::Task<std::unique_ptr<DoomedBlob>> doom(BlobKey key) = 0;

    /// Whether uploads are welcome: the file system has more than the configured floor free. Cached for a
    /// second.
    [[nodiscard]] virtual bool has_room() = 0;
    /// Writes and removes a small file, to show that the store is alive.
    virtual async::Task<> ping() = 0;

    /// Copies (by hard link where the file system allows it) every blob below `destination`, a folder that
    /// must not exist yet, resuming tolerated; `progress` hears fractions from 0 to 1, on a worker's thread.
    virtual async::Task<> back_up(std::filesystem::path destination,
                                  std::function<void(double)> progress) = 0;

    /// Mends what a crash left behind, before the door opens: spool files go, and bytes that were put in
    /// place but have no row go. Blocks; called once at start.
    virtual void recover(const std::function<bool(const BlobKey&)>& is_referenced) = 0;
};

}  // namespace mxcd::media
