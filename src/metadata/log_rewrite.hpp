#pragma once

namespace mxcd::metadata {

/// Writes what a write-ahead log holds over itself and flushes it, so that the disk has what recovery reads.
/// It may not: when a flush fails, Linux takes the pages for clean; the next process still finds them in the
/// page cache, and no later flush writes them. To be called before anybody reads the log, with the database
/// locked. Gives a result of SQLite's; a log that is not there is fine. Blocks.
[[nodiscard]] int rewrite_log(const char* path);

}  // namespace mxcd::metadata
