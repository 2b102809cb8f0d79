#pragma once

#include <cstdint>

struct sqlite3;
struct sqlite3_file;  // NOLINT(readability-identifier-naming): SQLite's

namespace mxcd::metadata {

/// Registers with SQLite, once per process, a file layer that gathers writes which follow each other in a
/// file and hands them to the operating system as one; returns its name, to open a connection with. SQLite
/// writes its log in two small pieces per page, and a checkpoint page by page: a group of uploads was
/// hundreds of system calls.
///
/// By itself that changes nothing about durability: what is gathered is written before the file is synced,
/// read, measured, truncated or closed, and a failure is that call's, so it fails the transaction that it
/// belongs to. The database is locked against other processes, and the log's index is in this one's memory
/// (`unix-excl`). A log that is there already is written to the disk again before SQLite reads it: see
/// rewrite_log().
[[nodiscard]] const char* gathering_vfs();

/// How often this connection has started its write-ahead log anew, the first time included; 0 without the
/// layer above.
[[nodiscard]] std::uint64_t logs_begun(sqlite3* connection);

/// While it lives, a commit of this connection only writes to the log: to flush the log's file is the
/// caller's task, before anybody is told that the commit is durable. What keeps the database whole is flushed
/// as ever: a new log's header, and everything about a checkpoint. Without effect on a connection without the
/// layer above.
class UnflushedCommit {
  public:
    explicit UnflushedCommit(sqlite3* connection);
    ~UnflushedCommit();
    UnflushedCommit(const UnflushedCommit&) = delete;
    UnflushedCommit& operator=(const UnflushedCommit&) = delete;

  private:
    sqlite3_file* log_ = nullptr;
};

}  // namespace mxcd::metadata
