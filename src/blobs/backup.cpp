#include "backup.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include "disk_calls.hpp"
#include "folder_names.hpp"
#include "folders.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace mxcd::blobs {

namespace {

constexpr base::Logger logger("blobs");
constexpr std::size_t copy_piece = 16 * 1024 * 1024;

base::UniqueFd open_folder(int parent, const std::string& name, int extra_flags = O_NOFOLLOW) {
    base::UniqueFd folder(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | extra_flags));
    if (!folder) throw_disk_error("cannot open a folder of the backup", errno);
    return folder;
}

base::UniqueFd create_folder(int parent, const std::string& name) {
    if (mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST)
        throw_disk_error("cannot create a folder of the backup", errno);
    return open_folder(parent, name);
}

void flush_folder(int folder) {
    if (fsync(folder) != 0) throw_disk_error("cannot flush a folder of the backup", errno);
}

std::optional<std::int64_t> size_of(int folder, const std::string& name) {
    struct stat facts{};
    if (fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(facts.st_mode)) throw base::StorageError("a blob is not a file");
        return facts.st_size;
    }
    if (errno != ENOENT) throw_disk_error("cannot examine a blob", errno);
    return std::nullopt;
}

/// Other file system, a file system without hard links, a link refused by the kernel's settings, too many
/// links.
bool needs_a_copy(int error) {
    return error == EXDEV || error == EPERM || error == EACCES || error == EOPNOTSUPP || error == EMLINK;
}

}  // namespace

Backup::Backup(int blobs, const std::filesystem::path& destination) : from_(blobs) {
    const std::filesystem::path absolute = std::filesystem::absolute(destination).lexically_normal();
    const std::filesystem::path path = absolute.has_filename() ? absolute : absolute.parent_path();
    // Symbolic links on the way to the destination are the operator's choice; inside it there are none.
    parent_ = open_folder(AT_FDCWD, path.parent_path().string(), 0);
    top_ = create_folder(parent_.get(), path.filename().string());
    to_ = create_folder(top_.get(), "blobs");
}

void Backup::copy_shard(std::size_t shard) {
    const std::string shard_folder = shard_name(shard);
    const base::UniqueFd from = open_folder(from_, shard_folder);
    const base::UniqueFd to = create_folder(to_.get(), shard_folder);
    std::int64_t unknown = 0;
    for_each_name(from_, shard_folder, [&](const std::string& name) {
        if (is_key_text(name)) {
            copy_blob(from.get(), to.get(), name);
        } else {
            ++unknown;
        }
    });
    flush_folder(to.get());
    if (unknown > 0) logger.warn("a blob folder holds files that are not ours", {{"count", unknown}});
}

void Backup::copy_blob(int from_folder, int to_folder, const std::string& name) {
    const std::optional<std::int64_t> size = size_of(from_folder, name);
    // A failed upload took it away since the folder was read.
    if (!size) return;
    const std::optional<std::int64_t> copied = size_of(to_folder, name);
    if (copied == size) return;
    if (copied && unlinkat(to_folder, name.c_str(), 0) != 0)
        throw_disk_error("cannot replace a damaged copy", errno);
    if (linkat(from_folder, name.c_str(), to_folder, name.c_str(), 0) == 0 || errno == ENOENT) return;
    if (!needs_a_copy(errno)) throw_disk_error("cannot link a blob into the backup", errno);
    copy_bytes(from_folder, to_folder, name, *size);
}

void Backup::copy_bytes(int from_folder, int to_folder, const std::string& name, std::int64_t size) {
    const base::UniqueFd from(openat(from_folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!from && errno == ENOENT) return;
    if (!from) throw_disk_error("cannot open a blob", errno);
    // A name of its own until it is complete and flushed, so that a file under its final name can be trusted.
    const std::string part = name + ".part";
    const base::UniqueFd to(
        openat(to_folder, part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!to) throw_disk_error("cannot create a file of the backup", errno);
    std::int64_t left = size;
    while (left > 0) {
        const ssize_t moved = sendfile(to.get(), from.get(), nullptr, copy_piece);
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) throw_disk_error("cannot copy a blob", errno);
        if (moved == 0) throw base::StorageError("blob " + name + " is damaged: it is shorter than its size");
        left -= moved;
    }
    if (fdatasync(to.get()) != 0) throw_disk_error("cannot flush a file of the backup", errno);
    if (renameat(to_folder, part.c_str(), to_folder, name.c_str()) != 0)
        throw_disk_error("cannot finish a file of the backup", errno);
}

void Backup::finish() {
    flush_folder(to_.get());
    flush_folder(top_.get());
    flush_folder(parent_.get());
}

}  // namespace mxcd::blobs
