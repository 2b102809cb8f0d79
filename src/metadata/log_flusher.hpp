#pragma once

#include "mxcd/base/metrics.hpp"
#include "mxcd/base/unique_fd.hpp"

#include "soundness.hpp"
#include "write.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace mxcd::metadata {

/// Writes whose transaction has been committed, though not yet to the disk.
struct CommittedGroup {
    std::vector<std::unique_ptr<Write>> writes;
    /// Of each write: why its own rows were taken back, if they were.
    std::vector<std::exception_ptr> failures;
    std::chrono::steady_clock::time_point begun_at;
};

/// Flushes the write-ahead log on a thread of its own and answers what the flush has made durable. The
/// database's thread commits the next group meanwhile: each flush covers everything before it, since the log
/// is read in order and only as far as it is whole.
class LogFlusher {
  public:
    /// `log` is there already. Throws base::StorageError when it cannot be opened.
    LogFlusher(const std::filesystem::path& log, Soundness& soundness, base::Metrics& metrics);
    /// Flushes and answers what waits.
    ~LogFlusher();
    LogFlusher(const LogFlusher&) = delete;
    LogFlusher& operator=(const LogFlusher&) = delete;

    /// Blocks while too many groups wait.
    void flush_and_answer(CommittedGroup group);
    void wait_until_all_answered();

  private:
    void work();
    [[nodiscard]] std::exception_ptr flush() noexcept;
    void answer(const CommittedGroup& group, const std::exception_ptr& failure);

    base::UniqueFd log_;
    Soundness& soundness_;
    base::Histogram& commit_duration_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<CommittedGroup> waiting_;
    bool is_flushing_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace mxcd::metadata
