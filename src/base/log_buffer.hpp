#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace mxcd::base {

struct LogBufferConfig {
    int fd = 2;  // not owned
    std::size_t limit = std::size_t{4} * 1024 * 1024;
    /// The line (with its line feed) that says how many lines were dropped.
    std::function<std::string(std::uint64_t)> describe_drops;
};

/// Lines on their way to a file descriptor. While it runs, one thread writes them: within 50 ms, at once for
/// urgent ones and when 64 KiB wait. Otherwise the caller writes. Thread-safe.
class LogBuffer {
  public:
    explicit LogBuffer(LogBufferConfig config);
    ~LogBuffer();
    LogBuffer(const LogBuffer&) = delete;
    LogBuffer& operator=(const LogBuffer&) = delete;

    /// Starts the thread unless it runs.
    void start();
    /// Writes what waits, for at most a second while the reader takes nothing, and joins the thread.
    void stop();

    /// Takes whole lines, or counts and drops them when the limit would be passed. Never waits for the reader
    /// while the thread runs.
    void append(std::string_view lines, bool is_urgent);

  private:
    void serve();
    /// Waits for lines and takes them; an empty result ends the thread.
    std::string take(std::string spare);
    /// False when the log was stopped and its reader takes nothing.
    bool write(std::string_view lines);
    bool wait_until_writable();

    const LogBufferConfig config_;
    std::mutex control_;  // start and stop, one at a time
    std::thread thread_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::string pending_;
    std::uint64_t dropped_ = 0;
    bool is_urgent_ = false;
    bool is_resting_ = false;  // the thread waits for a first line
    bool is_running_ = false;
    bool is_stopping_ = false;
};

}  // namespace mxcd::base
