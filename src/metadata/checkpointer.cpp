#include "checkpointer.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include "gathering_vfs.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

namespace mxcd::metadata {

namespace {

constexpr base::Logger logger("metadata");

// Pages of 4 KiB: a log of 64 MiB is worth a checkpoint. One of 128 MiB is as much as a recovery after a
// crash may have to read: where the disk is slower than the uploads, they wait.
constexpr int long_log = 16'000;
constexpr int longest_log = 32'000;

// Moving so few takes about as long as one flush.
constexpr int few_pages = 500;

// Requests and commits come first.
constexpr int niceness = 10;

// After a move that failed, mostly on a full disk: rare enough to harm nothing, and soon enough for whoever
// made room.
constexpr std::chrono::seconds shortest_pause(30);
constexpr std::chrono::minutes longest_pause(2);

// SQLite answers "busy" when it finds the writer in the middle of changing the log's header: over within
// microseconds, and no failure.
constexpr int busy_tries = 1000;
constexpr std::chrono::milliseconds busy_pause(1);

constexpr const char* exclusive_vfs = "unix-excl";

// Without gathering: a checkpoint that commits overtake ends without a sync, and is believed nevertheless.
Connection open_mover(const std::filesystem::path& database) {
    Connection connection(database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
                          exclusive_vfs);
    connection.execute("PRAGMA synchronous = FULL; PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 0");
    connection.ask("SELECT COUNT(*) FROM settings");  // opens the log
    return connection;
}

int checkpoint(Connection& connection, int& moved_pages) {
    int result = SQLITE_BUSY;
    for (int i = 0; i < busy_tries && (result & 0xff) == SQLITE_BUSY; ++i) {
        if (i > 0) std::this_thread::sleep_for(busy_pause);
        result = sqlite3_wal_checkpoint_v2(connection.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                           &moved_pages);
    }
    return result;
}

// Through SQLite's own descriptor: closing another one of this file would let go of the process's locks on
// it.
void flush_database(Connection& connection, Soundness& soundness) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
    soundness.note_result(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL));
}

}  // namespace

Checkpointer::Checkpointer(Connection& writer, const base::Clock& clock, Soundness& soundness)
    : writer_(writer),
      mover_(open_mover(writer.file())),
      clock_(clock),
      soundness_(soundness),
      pause_(shortest_pause),
      thread_([this] { work(); }) {
    const auto note = [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Checkpointer*>(self)->note_log(pages);
        return SQLITE_OK;
    };
    sqlite3_wal_hook(writer.handle(), note, this);
}

Checkpointer::~Checkpointer() {
    sqlite3_wal_hook(writer_.handle(), nullptr, nullptr);
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Checkpointer::note_log(int pages) {
    const std::uint64_t log_number = logs_begun(writer_.handle());
    const std::lock_guard lock(mutex_);
    log_pages_ = pages;
    if (log_number == log_number_) return;
    log_number_ = log_number;
    moved_pages_ = 0;
}

void Checkpointer::require_room() {
    if (log_pages_ < longest_log || !failure()) return;
    if (!is_busy() && may_try()) finish();
    const std::optional<int> still = failure();
    if (!still) return;
    const std::string text =
        std::string("the log cannot be moved into the database: ") + sqlite3_errstr(*still);
    if ((*still & 0xff) == SQLITE_FULL) throw base::StorageFull(text);
    throw base::StorageError(text);
}

void Checkpointer::move_if_long() {
    if (log_pages_ < long_log || !soundness_.is_sound()) return;
    const bool is_too_long = log_pages_ >= longest_log;
    if (is_busy()) {
        if (!is_too_long) return;
        wait_until_idle();
    }
    if (!may_try() || !soundness_.is_sound()) return;  // while we waited, a flush may have failed
    if (is_too_long || left_pages() <= few_pages) {
        finish();
    } else {
        begin();
    }
}

void Checkpointer::move_all() {
    if (left_pages() > 0 && !is_busy() && may_try() && soundness_.is_sound()) begin();
}

void Checkpointer::empty_log() noexcept {
    wait_until_idle();
    if (soundness_.is_sound()) {
        sqlite3_wal_checkpoint_v2(writer_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    } else {
        // Nor may closing do it: the log is what recovery needs.
        sqlite3_db_config(writer_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
}

void Checkpointer::begin() {
    {
        const std::lock_guard lock(mutex_);
        is_busy_ = true;
    }
    changed_.notify_all();
}

void Checkpointer::finish() {
    const Move move = move_log(writer_);
    // What it has gathered of the database must not be written after a later move of the mover's.
    if (move.result != SQLITE_OK) flush_database(writer_, soundness_);
    const std::lock_guard lock(mutex_);
    note_move(move);
}

Checkpointer::Move Checkpointer::move_log(Connection& connection) {
    Move move{};
    {
        const std::lock_guard lock(mutex_);
        move.log_number = log_number_;
    }
    move.result = checkpoint(connection, move.pages);
    if (move.result == SQLITE_OK) return move;
    logger.warn("a checkpoint failed", {{"code", std::int64_t{move.result}}});
    soundness_.note_result(move.result);
    return move;
}

void Checkpointer::note_move(const Move& move) {
    if (move.result == SQLITE_OK) {
        failure_.reset();
        pause_ = shortest_pause;
        // Since the move the log may have started anew. SQLite counts after it, so that none of a log that
        // had pages left means the same: all of them were moved, and the hook that will say so has not been
        // called.
        if (move.log_number == log_number_) moved_pages_ = move.pages == 0 ? log_pages_ : move.pages;
        return;
    }
    failure_ = move.result;
    next_try_ = clock_.since_boot() + pause_;
    pause_ = std::min<std::chrono::milliseconds>(2 * pause_, longest_pause);
}

bool Checkpointer::is_busy() const {
    const std::lock_guard lock(mutex_);
    return is_busy_;
}

bool Checkpointer::may_try() const {
    const std::lock_guard lock(mutex_);
    return !failure_ || clock_.since_boot() >= next_try_;
}

std::optional<int> Checkpointer::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

int Checkpointer::left_pages() const {
    const std::lock_guard lock(mutex_);
    return log_pages_ - moved_pages_;
}

void Checkpointer::wait_until_idle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !is_busy_; });
}

// Each round has less to do than the one before it, unless uploads outrun the disk. The database is flushed
// once between them, so that little is left to flush for whoever finishes: to flush it in each round would
// hold up the log's own flushes.
void Checkpointer::move_most() {
    move_some();
    while (has_many_left()) move_some();
    flush_database(mover_, soundness_);
    while (has_many_left()) move_some();
}

bool Checkpointer::has_many_left() const {
    return left_pages() > few_pages && !failure() && soundness_.is_sound();
}

void Checkpointer::move_some() {
    const Move move = move_log(mover_);
    const std::lock_guard lock(mutex_);
    note_move(move);
}

void Checkpointer::work() {
    pthread_setname_np(pthread_self(), "checkpoint");
    // On Linux a nice value belongs to the thread; a refusal only costs latency.
    static_cast<void>(setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + niceness));
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || is_busy_; });
        if (!is_busy_) return;
        lock.unlock();
        move_most();
        lock.lock();
        is_busy_ = false;
        changed_.notify_all();
    }
}

}  // namespace mxcd::metadata
