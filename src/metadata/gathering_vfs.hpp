#pragma once

namespace mxcd::metadata {

/// Registers with SQLite, once per process, a file layer that gathers writes which follow each other in a
/// file and hands them to the operating system as one; returns its name, to open a connection with. SQLite
/// writes its log in two small pieces per page, and a checkpoint page by page: a group of uploads was
/// hundreds of system calls.
///
/// Nothing about durability changes: what is gathered is written before the file is synced, read, measured,
/// truncated or closed, and a failure is that call's, so it fails the transaction that it belongs to. The
/// layer offers no shared memory: the log needs the exclusive locking mode.
[[nodiscard]] const char* gathering_vfs();

}  // namespace mxcd::metadata
