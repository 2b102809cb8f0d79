#pragma once

#include "soundness.hpp"
#include "sqlite.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace mxcd::metadata {

/// Keeps the write-ahead log short: moves its pages into the database, on a thread and a connection of its
/// own, while the database's thread goes on writing to the log. What is written meanwhile stays in the log,
/// which starts anew only after a checkpoint that left nothing in it; so the last few pages are moved on the
/// database's thread. Its functions are called there.
class Checkpointer {
  public:
    Checkpointer(Connection& writer, Soundness& soundness);
    /// Finishes what is begun.
    ~Checkpointer();
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    /// After a commit. Blocks only when the log is a few pages from its end, or too long.
    void move_if_long();
    /// For idle times.
    void move_all();
    /// For a clean end: nothing is left in the log.
    void empty_log() noexcept;

  private:
    void work();
    void begin();
    void finish();
    [[nodiscard]] bool is_busy() const;
    [[nodiscard]] int left_pages() const;
    void wait_until_idle();
    void note_log(int pages);

    Connection& writer_;
    Connection mover_;
    Soundness& soundness_;
    int log_pages_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool is_busy_ = false;
    bool stopping_ = false;
    int moved_pages_ = 0;  // from the log's beginning
    std::thread thread_;
};

}  // namespace mxcd::metadata
