#include "store.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/base/unique_fd.hpp"
#include "mxcd/metadata/database.hpp"

#include "gathering_vfs.hpp"
#include "migrations.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace mxcd::metadata {

namespace {

using Reason = OpenError::Reason;

constexpr const char* newest_sent_at_name = "ledger_newest_sent_at";

// An instance that is being stopped gets this long to let go of the lock.
constexpr int lock_patience_ms = 500;

bool is_permission(int error) { return error == EACCES || error == EPERM || error == EROFS; }

[[noreturn]] void refuse(Reason reason, const std::filesystem::path& path, const std::string& why) {
    throw OpenError(reason, "the database '" + path.string() + "' cannot be opened: " + why);
}

[[noreturn]] void refuse_errno(const std::filesystem::path& path, int error) {
    refuse(is_permission(error) ? Reason::permission : Reason::other, path,
           std::generic_category().message(error));
}

// SQLite would create the file for everybody to read; the journals inherit its mode.
void create_private_file(const std::filesystem::path& path) {
    if (const std::filesystem::path folder = path.parent_path(); !folder.empty()) {
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) refuse_errno(path, errno);
    }
    const base::UniqueFd file(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (!file && errno != EEXIST) refuse_errno(path, errno);
}

Reason reason_of(int code) {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Reason::in_use;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return Reason::permission;
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
            return Reason::damaged;
        default:
            return Reason::other;
    }
}

// The cache is small because SQLite looks at every page in it at most commits to a database below 1 GiB:
// while it splits a page it lends one a number beyond all others, and at the end takes such pages out. What
// falls out of it is still in the system's cache.
void configure(Connection& connection) {
    sqlite3_busy_timeout(connection.handle(), lock_patience_ms);
    connection.execute(
        "PRAGMA journal_mode = WAL;"
        "PRAGMA synchronous = FULL;"
        "PRAGMA foreign_keys = ON;"
        "PRAGMA temp_store = MEMORY;"
        "PRAGMA mmap_size = 0;"
        "PRAGMA cache_size = -8192;"
        "PRAGMA wal_autocheckpoint = 0");  // Checkpointer does it
    connection.execute("BEGIN EXCLUSIVE; COMMIT");
}

// SQLite's own count of its memory costs a lock at every allocation, and nobody reads it. Refused when SQLite
// is in use already: then the count goes on.
void leave_memory_uncounted() {
    static const int result = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(result);
}

Connection open_and_configure(const std::filesystem::path& path) {
    Connection connection(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
                          gathering_vfs());
    if (sqlite3_db_readonly(connection.handle(), "main") == 1)
        throw OpenError(Reason::permission, "the database cannot be written");
    configure(connection);  // the first to read the log, which the file layer has brought to the disk before
    if (connection.ask("PRAGMA journal_mode") != "wal")
        throw OpenError(Reason::other, "the database's file system does not support a write-ahead log");
    migrate(connection, embedded_migrations());
    return connection;
}

}  // namespace

Store::Store(Connection open, const base::Clock& clock, Reservations& reservations)
    : connection(std::move(open)),
      settings(connection),
      newest_sent_at(load_newest_sent_at()),
      window_clock_(base::make_window_clock(clock, newest_sent_at)),
      ledger(connection, *window_clock_, reservations),
      media(connection),
      pending(connection),
      thumbnails(connection),
      moderation(connection, thumbnails),
      list(connection, media, moderation.changes()) {}

bool Store::is_blob_referenced(const media::BlobKey& key) {
    return media.is_blob_referenced(key) || thumbnails.is_blob_referenced(key);
}

void Store::save_newest_sent_at() {
    settings.put(newest_sent_at_name, std::to_string(newest_sent_at.time_since_epoch().count()));
}

base::TimePoint Store::load_newest_sent_at() {
    const std::optional<std::string> text = settings.find(newest_sent_at_name);
    if (!text) return {};
    const std::optional<std::int64_t> time = base::parse_decimal(*text);
    if (!time) throw OpenError(Reason::damaged, "the database's clock setting makes no sense");
    return base::TimePoint(std::chrono::milliseconds(*time));
}

std::unique_ptr<Store> open_store(const std::filesystem::path& path, const base::Clock& clock,
                                  Reservations& reservations) {
    create_private_file(path);
    leave_memory_uncounted();
    try {
        return std::make_unique<Store>(open_and_configure(path), clock, reservations);
    } catch (const SqliteError& error) {
        if ((error.code & 0xff) == SQLITE_CANTOPEN && ::access(path.c_str(), R_OK | W_OK) != 0)
            refuse_errno(path, errno);
        const Reason reason = reason_of(error.code);
        refuse(reason, path, reason == Reason::in_use ? "another running instance holds it" : error.what());
    } catch (const base::StorageError& error) {
        refuse(Reason::other, path, error.what());
    }
}

}  // namespace mxcd::metadata
