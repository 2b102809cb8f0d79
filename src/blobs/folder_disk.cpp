#include "folder_disk.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/failpoint.hpp"
#include "mxcd/base/log.hpp"

#include "spool_name.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace mxcd::blobs {

namespace {

constexpr base::Logger logger("blobs");
constexpr std::size_t open_file_limit = 256;
constexpr mode_t owner_only = 0600;

void warn(const char* what, int error) {
    const std::string reason = std::generic_category().message(error);
    logger.warn(what, {{"reason", std::string_view(reason)}});
}

}  // namespace

FolderDisk::FolderDisk(Folders folders, DiskCalls calls, base::RandomSource& random)
    : folders_(std::move(folders)),
      calls_(std::move(calls)),
      random_(random),
      open_files_(open_file_limit),
      flusher_([this](std::size_t shard) { flush_shard(shard); }) {}

SpoolFile FolderDisk::create_spool_file() {
    refuse_when_read_only();
    SpoolFile spool{new_spool_name(random_), base::UniqueFd()};
    spool.file = base::UniqueFd(openat(folders_.spool.get(), spool.name.c_str(),
                                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, owner_only));
    if (!spool.file) throw_disk_error("cannot create a spool file", errno);
    return spool;
}

void FolderDisk::append(const SpoolFile& spool, std::span<const std::byte> bytes, base::ByteCount offset) {
    off_t at = offset.value();
    while (!bytes.empty()) {
        const ssize_t written = calls_.write_at(spool.file.get(), bytes.data(), bytes.size(), at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EINVAL && end_direct(spool)) continue;
        if (written < 0) throw_disk_error("cannot write to the spool", errno);
        if (written == 0) throw base::StorageError("a write to the spool made no progress");
        at += written;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

bool FolderDisk::begin_direct(const SpoolFile& spool) {
    const int flags = fcntl(spool.file.get(), F_GETFL);
    return flags != -1 && fcntl(spool.file.get(), F_SETFL, flags | O_DIRECT) == 0;
}

bool FolderDisk::end_direct(const SpoolFile& spool) {
    const int flags = fcntl(spool.file.get(), F_GETFL);
    return flags != -1 && (flags & O_DIRECT) != 0 && fcntl(spool.file.get(), F_SETFL, flags & ~O_DIRECT) == 0;
}

base::UniqueFd FolderDisk::reopen(const SpoolFile& spool) const {
    base::UniqueFd file(openat(folders_.spool.get(), spool.name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) throw_disk_error("cannot open a spool file", errno);
    return file;
}

void FolderDisk::discard(SpoolFile spool) noexcept {
    remove_spool_name(spool.name);
    // The last close of a removed file frees its blocks: that belongs to this worker too.
    spool.file.reset();
}

Placement FolderDisk::place(SpoolFile spool, const media::SpooledBody& body) {
    Placement placement{body.key, spool.name, false};
    pins_.pin(body.key);
    try {
        MXCD_FAILPOINT("blob.spooled");
        refuse_when_read_only();
        put_in_place(spool, body, placement);
    } catch (...) {
        withdraw(placement);
        throw;
    }
    return placement;
}

void FolderDisk::put_in_place(const SpoolFile& spool, const media::SpooledBody& body, Placement& placement) {
    // Bytes that are in place were flushed before they got there, and the pin keeps them there.
    placement.was_there_before = holds(body);
    if (!placement.was_there_before) flush_body(spool.file.get());
    MXCD_FAILPOINT("blob.flushed");
    // The name that recovery goes by must exist before the content address does.
    rename_spool_file(placement);
    MXCD_FAILPOINT("blob.renamed");
    if (!placement.was_there_before) link_blob(body, placement);
    MXCD_FAILPOINT("blob.linked");
    // Also for bytes that were there: the upload that put them there may not have flushed the folder yet.
    flusher_.flush(shard_of(body.key));
    MXCD_FAILPOINT("blob.folder_flushed");
}

bool FolderDisk::holds(const media::SpooledBody& body) const {
    struct stat facts{};
    const std::string path = blob_path(body.key);
    if (fstatat(folders_.blobs.get(), path.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return false;
        throw_disk_error("cannot examine a blob", errno);
    }
    if (!S_ISREG(facts.st_mode) || facts.st_size != body.size.value())
        throw base::StorageError("blob " + body.key.hex() + " is damaged: its size is wrong");
    return true;
}

void FolderDisk::link_blob(const media::SpooledBody& body, Placement& placement) {
    const std::string path = blob_path(body.key);
    if (linkat(folders_.spool.get(), placement.spool_name.c_str(), folders_.blobs.get(), path.c_str(), 0) ==
        0) {
        pins_.mark_unclaimed(body.key);
        return;
    }
    if (errno != EEXIST) throw_disk_error("cannot put a blob in place", errno);
    // Another upload of the same bytes came first in the meantime.
    placement.was_there_before = holds(body);
    if (!placement.was_there_before) throw base::StorageError("a blob vanished while it was being stored");
}

void FolderDisk::rename_spool_file(Placement& placement) {
    std::string name = placed_spool_name(placement.key, placement.spool_name);
    const int spool = folders_.spool.get();
    if (renameat(spool, placement.spool_name.c_str(), spool, name.c_str()) != 0)
        throw_disk_error("cannot rename a spool file", errno);
    placement.spool_name = std::move(name);
}

void FolderDisk::flush_body(int file) {
    if (calls_.flush_file(file) == 0) return;
    const int error = errno;
    // Delayed allocation and quotas may only show here; this file is given up, so nothing uncertain remains.
    if (!means_full(error)) become_read_only("cannot flush a body to disk");
    throw_disk_error("cannot flush a body to disk", error);
}

void FolderDisk::flush_shard(std::size_t shard) {
    // After a failed flush a second one may succeed although the entries are lost.
    refuse_when_read_only();
    const std::string name = shard_name(shard);
    const base::UniqueFd folder(
        openat(folders_.blobs.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) throw_disk_error("cannot open a blob folder", errno);
    if (calls_.flush_folder(folder.get()) == 0) return;
    const int error = errno;
    become_read_only("cannot flush a blob folder to disk");
    throw base::StorageError("cannot flush a blob folder: " + std::generic_category().message(error));
}

void FolderDisk::keep(const Placement& placement) noexcept {
    static_cast<void>(pins_.release(placement.key, Ending::kept));
    try {
        MXCD_FAILPOINT("blob.kept");
        remove_spool_name(placement.spool_name);
    } catch (const std::exception&) {
        logger.warn("a spool name is left to the next start");
    }
}

void FolderDisk::leave(const Placement& placement) noexcept {
    static_cast<void>(pins_.release(placement.key, Ending::kept));
}

void FolderDisk::withdraw(const Placement& placement) noexcept {
    // The spool name of bytes that could not be removed is what the next start finds them by.
    if (!pins_.release(placement.key, Ending::failed) || take_away(placement.key))
        remove_spool_name(placement.spool_name);
}

bool FolderDisk::take_away(const media::BlobKey& key) noexcept {
    const bool is_gone = remove_blob(key);
    open_files_.erase(key);
    pins_.finish_removal(key);
    return is_gone;
}

Placement FolderDisk::doom(const media::BlobKey& key) {
    Placement placement{key, placed_spool_name(key, new_spool_name(random_)), true};
    pins_.watch(key);
    try {
        refuse_when_read_only();
        const base::UniqueFd note(openat(folders_.spool.get(), placement.spool_name.c_str(),
                                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, owner_only));
        if (!note) throw_disk_error("cannot create a spool file", errno);
        if (calls_.flush_folder(folders_.spool.get()) != 0)
            throw_disk_error("cannot flush the spool folder", errno);
        MXCD_FAILPOINT("blob.doomed");
    } catch (...) {
        spare_doomed(placement);
        throw;
    }
    return placement;
}

std::uint64_t FolderDisk::kept_count(const Placement& placement) const {
    return pins_.kept_count(placement.key);
}

void FolderDisk::leave_doomed(const Placement& placement) noexcept { pins_.unwatch(placement.key); }

void FolderDisk::spare_doomed(const Placement& placement) noexcept {
    pins_.unwatch(placement.key);
    remove_spool_name(placement.spool_name);
}

bool FolderDisk::remove_doomed(const Placement& placement, std::uint64_t kept_count) noexcept {
    if (!pins_.begin_removal(placement.key, kept_count)) return false;
    const bool is_gone = take_away(placement.key);
    pins_.unwatch(placement.key);
    if (is_gone) remove_spool_name(placement.spool_name);
    return true;
}

bool FolderDisk::remove_blob(const media::BlobKey& key) noexcept {
    const std::string path = blob_path(key);
    if (unlinkat(folders_.blobs.get(), path.c_str(), 0) == 0 || errno == ENOENT) return true;
    warn("cannot remove bytes that nobody needs", errno);
    return false;
}

void FolderDisk::remove_spool_name(const std::string& name) noexcept {
    if (unlinkat(folders_.spool.get(), name.c_str(), 0) == 0 || errno == ENOENT) return;
    warn("cannot remove a spool file", errno);
}

std::optional<media::OpenBlob> FolderDisk::open(const media::BlobKey& key) {
    const std::string path = blob_path(key);
    base::UniqueFd file(
        openat(folders_.blobs.get(), path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!file) {
        if (errno == ENOENT) return std::nullopt;
        throw_disk_error("cannot open a blob", errno);
    }
    struct stat facts{};
    if (fstat(file.get(), &facts) != 0) throw_disk_error("cannot examine a blob", errno);
    if (!S_ISREG(facts.st_mode)) throw base::StorageError("blob " + key.hex() + " is damaged: not a file");
    media::OpenBlob blob{std::make_shared<const base::UniqueFd>(std::move(file)),
                         base::ByteCount(facts.st_size)};
    open_files_.add(key, blob);
    // A failed upload may have taken the bytes away just before they got into the cache.
    if (faccessat(folders_.blobs.get(), path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return blob;
    open_files_.erase(key);
    return std::nullopt;
}

void FolderDisk::probe() {
    SpoolFile spool = create_spool_file();
    const std::byte byte{1};
    try {
        append(spool, std::span(&byte, 1), base::ByteCount(0));
    } catch (...) {
        discard(std::move(spool));
        throw;
    }
    discard(std::move(spool));
}

void FolderDisk::become_read_only(const char* reason) {
    if (is_read_only_.exchange(true)) return;
    logger.error("the store takes no more uploads until a restart", {{"reason", std::string_view(reason)}});
}

void FolderDisk::refuse_when_read_only() const {
    if (is_read_only_) throw base::StorageError("the store is read-only since a flush failed");
}

}  // namespace mxcd::blobs
