#pragma once

#include "mxcd/base/random.hpp"
#include "mxcd/media/blob_store.hpp"

#include "disk_calls.hpp"
#include "folder_flusher.hpp"
#include "folders.hpp"
#include "open_cache.hpp"
#include "pin_table.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace mxcd::blobs {

/// An open file in the spool under a plain random name.
struct SpoolFile {
    std::string name;
    base::UniqueFd file;
};

/// Bytes at their content address that no committed row speaks for yet. The spool name `<sha256
/// hex>.<random>` stands for them until then, so that a crash is mended without a walk through the store.
struct Placement {
    media::BlobKey key;
    std::string spool_name;
    bool was_there_before = false;
};

/// What a folder store does on disk. Every method blocks, so they are for workers; thread-safe except where
/// two calls are about the same spool file. Throws base::StorageError, StorageFull, Overloaded.
class FolderDisk {
  public:
    FolderDisk(Folders folders, DiskCalls calls, base::RandomSource& random);

    [[nodiscard]] SpoolFile create_spool_file();
    /// Writes all of `bytes` at `offset`.
    void append(const SpoolFile& spool, std::span<const std::byte> bytes, base::ByteCount offset);
    /// From here on append() goes past the page cache: whole blocks of 4 KiB, in memory and in the file.
    /// False when this file system cannot. One that cannot after all makes append() end it.
    static bool begin_direct(const SpoolFile& spool);
    /// True when it had begun.
    static bool end_direct(const SpoolFile& spool);
    /// A descriptor of its own that can only read.
    [[nodiscard]] base::UniqueFd reopen(const SpoolFile& spool) const;
    /// Closes and removes a spool file; a failure is logged.
    void discard(SpoolFile spool) noexcept;

    /// Makes the spooled body durable at its content address. When it throws, nothing of the upload is left.
    [[nodiscard]] Placement place(SpoolFile spool, const media::SpooledBody& body);
    /// Ends a placement whose row is committed; a failure is logged and mended at the next start.
    void keep(const Placement& placement) noexcept;
    /// Ends a placement of whose row nobody knows: the bytes stay, and their name is left to the next start.
    void leave(const Placement& placement) noexcept;
    /// Ends a placement whose upload failed: its bytes go, unless somebody else relies on them.
    void withdraw(const Placement& placement) noexcept;

    /// Notes in the spool that the last row of these bytes may be about to go. It ends with one of the three
    /// below.
    [[nodiscard]] Placement doom(const media::BlobKey& key);
    /// Before the rows are looked at; remove_doomed() wants to know.
    [[nodiscard]] std::uint64_t kept_count(const Placement& placement) const;
    /// Nothing is known: the bytes stay, and the note is left to the next start.
    void leave_doomed(const Placement& placement) noexcept;
    /// A row refers to them.
    void spare_doomed(const Placement& placement) noexcept;
    /// No row refers to them. False, and nothing has ended, when one may have come since kept_count() or an
    /// upload may yet bring one.
    [[nodiscard]] bool remove_doomed(const Placement& placement, std::uint64_t kept_count) noexcept;

    [[nodiscard]] std::optional<media::OpenBlob> open(const media::BlobKey& key);
    /// Writes and removes a small file.
    void probe();

    /// A flush failed once: what the disk holds is uncertain, so nothing more is promised until a restart.
    [[nodiscard]] bool is_read_only() const { return is_read_only_; }

    [[nodiscard]] const Folders& folders() const { return folders_; }
    [[nodiscard]] OpenCache& open_files() { return open_files_; }

  private:
    void put_in_place(const SpoolFile& spool, const media::SpooledBody& body, Placement& placement);
    [[nodiscard]] bool holds(const media::SpooledBody& body) const;
    void link_blob(const media::SpooledBody& body, Placement& placement);
    void rename_spool_file(Placement& placement);
    void flush_body(int file);
    void flush_shard(std::size_t shard);
    /// What a pin table says must be removed now.
    bool take_away(const media::BlobKey& key) noexcept;
    bool remove_blob(const media::BlobKey& key) noexcept;
    void remove_spool_name(const std::string& name) noexcept;
    void become_read_only(const char* reason);
    void refuse_when_read_only() const;

    const Folders folders_;
    const DiskCalls calls_;
    base::RandomSource& random_;
    PinTable pins_;
    OpenCache open_files_;
    FolderFlusher flusher_;
    std::atomic<bool> is_read_only_ = false;
};

}  // namespace mxcd::blobs
