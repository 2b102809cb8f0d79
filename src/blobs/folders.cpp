#include "folders.hpp"

#include "mxcd/blobs/folder_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace mxcd::blobs {

namespace {

using Path = std::filesystem::path;
using base::UniqueFd;
using Reason = OpenError::Reason;

constexpr mode_t owner_only = 0700;
constexpr std::size_t key_digits = 64;

[[noreturn]] void refuse(Reason reason, const Path& path, const std::string& text) {
    throw OpenError(reason, "media_store_path: '" + path.string() + "' " + text);
}

[[noreturn]] void refuse_errno(const Path& path, const std::string& doing, int error) {
    const bool rights = error == EACCES || error == EPERM;
    refuse(rights ? Reason::permission : Reason::other, path,
           doing + ": " + std::generic_category().message(error));
}

std::string quoted(const Path& path) { return "'" + path.string() + "'"; }

std::string own_ids() { return std::to_string(geteuid()) + ":" + std::to_string(getegid()); }

Path without_last_slash(const Path& configured) {
    const Path path = std::filesystem::absolute(configured).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
}

void flush_folder(int folder, const Path& path) {
    if (fsync(folder) != 0) refuse_errno(path, "cannot be flushed to disk", errno);
}

void flush_parent(const Path& path) {
    const Path parent = path.parent_path();
    const UniqueFd folder(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) refuse_errno(parent, "cannot be opened", errno);
    flush_folder(folder.get(), parent);
}

bool create_top(const Path& path) {
    if (mkdir(path.c_str(), owner_only) == 0) return true;
    const int error = errno;
    if (error == EEXIST) return false;
    if (error == ENOENT)
        refuse(
            Reason::other, path,
            "cannot be created, its parent folder is missing; run: mkdir -p " + quoted(path.parent_path()));
    if (error == EACCES || error == EPERM)
        refuse(Reason::permission, path,
               "cannot be created; run: mkdir -m 0700 " + quoted(path) + " && chown " + own_ids() + " " +
                   quoted(path));
    refuse_errno(path, "cannot be created", error);
}

void check_rights(int folder, const Path& path) {
    struct stat facts{};
    if (fstat(folder, &facts) != 0) refuse_errno(path, "cannot be examined", errno);
    if ((facts.st_mode & S_IWOTH) != 0)
        refuse(Reason::permission, path, "is writable for everybody; run: chmod o-w " + quoted(path));
    if (faccessat(folder, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0) return;
    const int error = errno;
    if (error != EACCES && error != EPERM) refuse_errno(path, "is not writable", error);
    const std::string repair = facts.st_uid == geteuid() ? "chmod u+rwx " : "chown -R " + own_ids() + " ";
    refuse(Reason::permission, path,
           "is not writable for user " + std::to_string(geteuid()) + "; run: " + repair + quoted(path));
}

/// `parent` is AT_FDCWD (then `name` may be a symbolic link: an operator's choice) or a folder of ours.
UniqueFd open_folder(int parent, const Path& name, const Path& path) {
    const int follow = parent == AT_FDCWD ? 0 : O_NOFOLLOW;
    UniqueFd folder(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow));
    if (folder) {
        check_rights(folder.get(), path);
        return folder;
    }
    const int error = errno;
    if (error == ENOTDIR || error == ELOOP) refuse(Reason::other, path, "is not a folder");
    if (error == EACCES)
        refuse(Reason::permission, path, "is not readable; run: chown -R " + own_ids() + " " + quoted(path));
    refuse_errno(path, "cannot be opened", error);
}

UniqueFd lock_store(int top, const Path& path) {
    UniqueFd lock(openat(top, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) refuse_errno(path / "lock", "cannot be opened", errno);
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    const int error = errno;
    if (error == EWOULDBLOCK) refuse(Reason::in_use, path, "is in use by another running instance");
    refuse_errno(path / "lock", "cannot be locked", error);
}

/// True when it was missing.
bool create_inside(int parent, const std::string& name, const Path& path) {
    if (mkdirat(parent, name.c_str(), owner_only) == 0) return true;
    if (errno != EEXIST) refuse_errno(path / name, "cannot be created", errno);
    return false;
}

void create_shards(int blobs, const Path& path) {
    struct stat parent{};
    if (fstat(blobs, &parent) != 0) refuse_errno(path, "cannot be examined", errno);
    bool any_created = false;
    for (std::size_t shard = 0; shard < shard_count; ++shard) {
        const std::string name = shard_name(shard);
        if (create_inside(blobs, name, path)) any_created = true;
        struct stat facts{};
        if (fstatat(blobs, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
            refuse_errno(path / name, "cannot be examined", errno);
        if (!S_ISDIR(facts.st_mode)) refuse(Reason::other, path / name, "is not a folder");
        if (facts.st_dev != parent.st_dev)
            refuse(Reason::other, path / name, "is on another file system than its parent");
    }
    if (any_created) flush_folder(blobs, path);
}

/// Bytes go from the spool to their place by hard link: show now that this works, rather than in every
/// upload.
void check_links(const Folders& folders, const Path& path) {
    constexpr const char* name = "link-check";
    unlinkat(folders.spool.get(), name, 0);
    unlinkat(folders.blobs.get(), name, 0);
    const UniqueFd file(
        openat(folders.spool.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    // A full disk is no reason to stop serving downloads.
    if (!file && (errno == ENOSPC || errno == EDQUOT)) return;
    if (!file) refuse_errno(path / "spool", "cannot hold a new file", errno);
    const bool linked = linkat(folders.spool.get(), name, folders.blobs.get(), name, 0) == 0;
    const int error = linked ? 0 : errno;
    unlinkat(folders.blobs.get(), name, 0);
    unlinkat(folders.spool.get(), name, 0);
    if (linked || error == ENOSPC || error == EDQUOT) return;
    if (error == EXDEV)
        refuse(Reason::other, path, "has its folders spool and blobs on different file systems");
    refuse_errno(path, "is on a file system without hard links", error);
}

}  // namespace

Folders open_folders(const Path& configured) {
    const Path path = without_last_slash(configured);
    const bool is_new = create_top(path);
    const UniqueFd top = open_folder(AT_FDCWD, path, path);
    Folders folders;
    folders.lock = lock_store(top.get(), path);
    const bool spool_is_new = create_inside(top.get(), "spool", path);
    const bool blobs_is_new = create_inside(top.get(), "blobs", path);
    folders.spool = open_folder(top.get(), "spool", path / "spool");
    folders.blobs = open_folder(top.get(), "blobs", path / "blobs");
    check_links(folders, path);
    create_shards(folders.blobs.get(), path / "blobs");
    if (spool_is_new || blobs_is_new) flush_folder(top.get(), path);
    if (is_new) flush_parent(path);
    return folders;
}

std::size_t shard_of(const media::BlobKey& key) { return std::to_integer<std::size_t>(key.sha256[0]); }

std::string shard_name(std::size_t shard) {
    const auto first = static_cast<std::byte>(shard);
    return base::to_hex(std::span(&first, 1));
}

std::string blob_path(const media::BlobKey& key) { return shard_name(shard_of(key)) + "/" + key.hex(); }

bool is_key_text(const std::string& text) {
    return text.size() == key_digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace mxcd::blobs
