#include "metadata/checkpointer.hpp"

#include "mxcd/base/errors.hpp"

#include "metadata/gathering_vfs.hpp"
#include "support/blob_bodies.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "unit/metadata/held_database.hpp"
#include "unit/metadata/scene.hpp"
#include "unit/metadata/watched_files.hpp"

#include <cerrno>
#include <fstream>
#include <future>

namespace mxcd::metadata::test {

using mxcd::test::eventually;

namespace {

/// A database with a table that it takes for the store's.
class Place {
  public:
    Place() {
        writer.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
            "CREATE TABLE settings (name TEXT)");
    }
    void write(const std::string& text) {
        writer.execute(("INSERT INTO settings VALUES ('" + text + "')").c_str());
    }
    /// Whether it is in the database's own file.
    [[nodiscard]] bool is_moved(const std::string& text) const {
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {}).find(text) != std::string::npos;
    }

    const TempFolder folder;
    const std::filesystem::path path = folder.path() / "mxcd.db";
    Connection writer{path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                      gathering_vfs()};
    const ManualClock clock;
    Soundness soundness;
};

/// Databases cannot grow while it lives; their logs can.
class FullDisk {
  public:
    FullDisk() { watched_databases().fail_writes(ENOSPC); }
    ~FullDisk() { make_room(); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

    void make_room() { watched_databases().work_again(); }
    /// A move ends with the first write that fails.
    [[nodiscard]] bool has_seen_moves(int count) const {
        return eventually([&] { return watched_databases().failed_writes() - before_ >= count; }) &&
               watched_databases().failed_writes() - before_ == count;
    }

  private:
    const int before_ = watched_databases().failed_writes();
};

/// What a connection answers while another one moves the log.
class BusyLog {
  public:
    explicit BusyLog(const std::filesystem::path& database)
        : other_(database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
                 "unix-excl") {
        other_.ask("SELECT COUNT(*) FROM settings");  // opens the log
        REQUIRE(lock(SQLITE_SHM_LOCK) == SQLITE_OK);
    }
    ~BusyLog() { end(); }
    BusyLog(const BusyLog&) = delete;
    BusyLog& operator=(const BusyLog&) = delete;

    void end() { lock(SQLITE_SHM_UNLOCK); }

  private:
    int lock(int what) {
        constexpr int moving = 1;  // the lock's number in SQLite's file format, "WAL_CKPT_LOCK"
        sqlite3_file* file = nullptr;
        sqlite3_file_control(other_.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
        return file->pMethods->xShmLock(file, moving, 1, what | SQLITE_SHM_EXCLUSIVE);
    }

    Connection other_;
};

class LargeUploads {
  public:
    void upload() {
        media::Reservation reservation = scene.must_reserve(std::ssize(body_));
        scene.runner.run(
            scene.on.store().record_upload(inline_record(user(), scene.next_id(), body_), reservation.id()));
        reservation.settled();
        ++count;
    }
    void upload_until_refused() {
        for (int i = 0; i < 40; ++i) upload();
    }
    void ping() { scene.runner.run(scene.on.store().ping()); }
    /// By a ping that is in one round with what others ask.
    bool is_ready_among_reads() {
        HeldDatabase held(scene, "copy.db");
        for (int i = 0; i < 3; ++i) scene.runner.group().spawn(scene.runner.executor(), read());
        std::promise<bool> ready;
        std::future<bool> answer = ready.get_future();
        scene.runner.group().spawn(scene.runner.executor(), ask_whether_ready(std::move(ready)));
        scene.runner.run(nothing());  // the one io thread has begun all of them by then
        held.let_go();
        held.wait_for_end();
        return answer.get();
    }

    Scene<OnSqlite> scene;
    std::int64_t count = 0;

  private:
    static async::Task<> nothing() { co_return; }
    async::Task<> read() { static_cast<void>(co_await scene.on.ledger().stored(user())); }
    async::Task<> ask_whether_ready(std::promise<bool> ready) {
        try {
            co_await scene.on.store().ping();
            ready.set_value(true);
        } catch (const base::StorageError&) {
            ready.set_value(false);
        }
    }

    const std::string body_ = std::string(std::size_t{4} << 20, 'x');
};

/// The mover's own flush waits, until watched_databases() work again; the checkpoint's before it did not.
void write_much_during_flush(Place& place, Checkpointer& checkpointer) {
    place.write("little");
    const int before = watched_databases().flushes();
    watched_databases().hold_flushes_from(before + 2);
    checkpointer.move_all();
    REQUIRE(watched_databases().wait_for_flushes(before + 2));
    place.write(std::string(4'000'000, 'x') + "much");
}

}  // namespace

TEST_CASE("a log that starts anew while the database is flushed is moved too") {
    Place place;
    Checkpointer checkpointer(place.writer, place.clock, place.soundness);
    place.write(std::string(100'000, 'x'));
    const int before = watched_databases().flushes();
    watched_databases().hold_flushes_from(before + 2);
    checkpointer.move_all();
    // The first one is the checkpoint's own.
    REQUIRE(watched_databases().wait_for_flushes(before + 2));
    place.write("in the new log");
    watched_databases().work_again();
    CHECK(eventually([&] {
        checkpointer.move_all();
        return place.is_moved("in the new log");
    }));
}

TEST_CASE("what is written while the database is flushed is moved in the next round, when it is much") {
    Place place;
    Checkpointer checkpointer(place.writer, place.clock, place.soundness);
    write_much_during_flush(place, checkpointer);
    watched_databases().work_again();
    CHECK(eventually([&] { return place.is_moved("much"); }));
}

TEST_CASE("nothing more is moved once a flush of the database has failed") {
    Place place;
    Checkpointer checkpointer(place.writer, place.clock, place.soundness);
    write_much_during_flush(place, checkpointer);
    place.soundness.note_failed_flush("as if the flush that is held had failed");
    watched_databases().work_again();
    CHECK_FALSE(eventually([&] { return place.is_moved("much"); }, 100ms));
}

TEST_CASE("a log that is busy for a moment is moved without a pause") {
    Place place;
    Checkpointer checkpointer(place.writer, place.clock, place.soundness);
    place.write("moved");
    BusyLog busy(place.path);
    checkpointer.move_all();
    CHECK_FALSE(eventually([&] { return place.is_moved("moved"); }, 20ms));
    busy.end();
    CHECK(eventually([&] {
        checkpointer.move_all();
        return place.is_moved("moved");
    }));
}

TEST_CASE("uploads are refused when the log has its greatest length and cannot be moved, until it can be") {
    LargeUploads uploads;
    FullDisk disk;
    CHECK_THROWS_AS(uploads.upload_until_refused(), base::StorageFull);
    CHECK(std::filesystem::file_size(uploads.scene.on.path().string() + "-wal") <
          (std::uintmax_t{134} << 20));
    CHECK_THROWS_AS(uploads.upload(), base::StorageFull);
    CHECK_THROWS_AS(uploads.ping(), base::StorageFull);
    CHECK(disk.has_seen_moves(1));

    uploads.scene.on.clock.advance(30s);
    CHECK_THROWS_AS(uploads.upload(), base::StorageFull);
    CHECK_THROWS_AS(uploads.upload(), base::StorageFull);
    CHECK(disk.has_seen_moves(2));
    uploads.scene.on.clock.advance(30s);
    CHECK_THROWS_AS(uploads.ping(), base::StorageFull);
    CHECK(disk.has_seen_moves(2));

    disk.make_room();
    uploads.scene.on.clock.advance(30s);
    CHECK(uploads.is_ready_among_reads());
    uploads.upload();
    uploads.scene.on.reopen();
    CHECK(uploads.scene.runner.run(uploads.scene.on.ledger().stored(user())).files == uploads.count);
}

}  // namespace mxcd::metadata::test
