#pragma once

#include "mxcd/base/clock.hpp"

#include "soundness.hpp"
#include "sqlite.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

namespace mxcd::metadata {

/// Keeps the write-ahead log short: moves its pages into the database in rounds, on a thread and a connection
/// of its own, while the database's thread goes on writing to the log. What is written meanwhile stays in the
/// log, which starts anew only after a checkpoint that left nothing in it; so the last few pages are moved on
/// the database's thread. Its functions are called there. A move that failed is tried again after a pause.
///
/// SQLite 3.40 has a race, the WAL-reset bug: a checkpoint that finds the log moved to its end damages it
/// when a writer starts it anew at that moment. That cannot be, as long as
/// - one checkpoint runs at a time: `is_busy_`;
/// - the mover begins each round only with pages left to move, so that the log cannot start anew before that;
/// - `moved_pages_` never claims less than the truth while the log is moved to its end.
class Checkpointer {
  public:
    /// References must outlive it.
    Checkpointer(Connection& writer, const base::Clock& clock, Soundness& soundness);
    /// Finishes what is begun.
    ~Checkpointer();
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    /// Before a commit. Throws base::StorageError (StorageFull for that reason) when the log is as long as it
    /// may get and cannot be moved.
    void require_room();
    /// After a commit. Blocks only when the log is a few pages from its end, or too long.
    void move_if_long();
    /// For idle times.
    void move_all();
    /// For a clean end: nothing is left in the log.
    void empty_log() noexcept;

  private:
    /// How a checkpoint ended, and how many pages from the beginning of which log are in the database then.
    struct Move {
        int result;
        int pages;
        std::uint64_t log_number;
    };

    void work();
    void move_most();
    void move_some();
    [[nodiscard]] bool has_many_left() const;
    void begin();
    void finish();
    [[nodiscard]] Move move_log(Connection& connection);
    /// With the mutex locked.
    void note_move(const Move& move);
    [[nodiscard]] bool is_busy() const;
    [[nodiscard]] bool may_try() const;
    [[nodiscard]] std::optional<int> failure() const;
    [[nodiscard]] int left_pages() const;
    void wait_until_idle();
    void note_log(int pages);

    Connection& writer_;
    Connection mover_;
    const base::Clock& clock_;
    Soundness& soundness_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool is_busy_ = false;
    bool stopping_ = false;
    std::uint64_t log_number_ = 0;
    int log_pages_ = 0;           // written by the database's thread, which reads it without the lock
    int moved_pages_ = 0;         // from the log's beginning
    std::optional<int> failure_;  // of the last move: SQLite's result
    std::chrono::milliseconds pause_;
    std::chrono::milliseconds next_try_{};  // since boot
    std::thread thread_;
};

}  // namespace mxcd::metadata
