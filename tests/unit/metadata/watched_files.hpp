#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::metadata::test {

/// Sees what this process does to the files of one kind, SQLite's calls included: counts flushes, holds them
/// up or fails them, and fails writes. Thread-safe.
class WatchedFiles {
  public:
    [[nodiscard]] int flushes();
    bool wait_for_flushes(int count);
    /// From the flush with this number on, they wait.
    void hold_flushes_from(int number);
    void fail_flushes();
    /// The writes fail with this error.
    void fail_writes(int error);
    [[nodiscard]] int failed_writes();
    /// Nothing is held up any more, and nothing fails.
    void work_again();

    /// Stand before the C library's.
    int flush(int file);
    /// The error that a write is to fail with; 0 when it is not.
    [[nodiscard]] int error_of_write();

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int flushes_ = 0;
    std::optional<int> held_from_;
    bool flushes_fail_ = false;
    int write_error_ = 0;
    int failed_writes_ = 0;
};

/// Those whose names end in `-wal`, and in `.db`.
[[nodiscard]] WatchedFiles& watched_logs();
[[nodiscard]] WatchedFiles& watched_databases();

/// Holds up the flushes of logs that come while it lives.
class HeldFlushes {
  public:
    HeldFlushes() { watched_logs().hold_flushes_from(before_ + 1); }
    ~HeldFlushes() { watched_logs().work_again(); }
    HeldFlushes(const HeldFlushes&) = delete;
    HeldFlushes& operator=(const HeldFlushes&) = delete;

    bool wait_for_first() const { return watched_logs().wait_for_flushes(before_ + 1); }
    int count() const { return watched_logs().flushes() - before_; }

  private:
    const int before_ = watched_logs().flushes();
};

/// What the disk has of a file that is there already, while this lives: a flush brings what was written since
/// the last one; one that fails forgets it, as Linux does.
class FileOnDisk {
  public:
    explicit FileOnDisk(std::filesystem::path path);
    ~FileOnDisk();
    FileOnDisk(const FileOnDisk&) = delete;
    FileOnDisk& operator=(const FileOnDisk&) = delete;

    /// What a power cut would leave of it.
    void write_to(const std::filesystem::path& copy);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    void was_written(std::size_t offset, std::size_t size);
    void was_flushed(bool has_worked);

  private:
    struct Piece {
        std::size_t offset;
        std::size_t size;
    };
    const std::filesystem::path path_;
    std::mutex mutex_;
    std::string content_;
    std::vector<Piece> unflushed_;
};

}  // namespace mxcd::metadata::test
