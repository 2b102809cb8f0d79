#include "mxcd/base/errors.hpp"

#include "metadata/gathering_vfs.hpp"
#include "metadata/sqlite.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "unit/metadata/scene.hpp"
#include "unit/metadata/watched_files.hpp"

#include <future>

namespace mxcd::metadata::test {

namespace {

async::Task<> upload(Scene<OnSqlite>& scene, std::string id) {
    media::ReserveOutcome outcome = co_await scene.on.ledger().reserve({user(), ByteCount(10), {}, {}});
    media::Reservation& reservation = std::get<media::Reservation>(outcome);
    co_await scene.on.store().record_upload(record(user(), id, 10), reservation.id());
    reservation.settled();
}

/// Begins an upload that goes on by itself.
std::future<void> begin_upload(Scene<OnSqlite>& scene, const std::string& id) {
    auto promise = std::make_shared<std::promise<void>>();
    std::future<void> future = promise->get_future();
    const auto run = [](Scene<OnSqlite>& place, std::string name,
                        std::shared_ptr<std::promise<void>> end) -> async::Task<> {
        try {
            co_await upload(place, std::move(name));
            end->set_value();
        } catch (...) {
            end->set_exception(std::current_exception());
        }
    };
    scene.runner.group().spawn(scene.runner.executor(), run(scene, id, std::move(promise)));
    return future;
}

bool is_found(Scene<OnSqlite>& scene, const std::string& id) {
    return scene.runner.run(scene.on.store().find(media_id(id))).has_value();
}

bool comes_to_be_found(Scene<OnSqlite>& scene, const std::string& id) {
    return mxcd::test::eventually([&] { return is_found(scene, id); });
}

bool is_answered(const std::future<void>& upload) { return upload.wait_for(0s) == std::future_status::ready; }

}  // namespace

TEST_CASE("an upload is answered only when its row has been flushed to the disk") {
    Scene<OnSqlite> scene;
    scene.upload(1);
    const HeldFlushes flushes;
    std::future<void> first = begin_upload(scene, "first");
    REQUIRE(flushes.wait_for_first());
    CHECK(is_found(scene, "first"));
    CHECK_FALSE(is_answered(first));
    watched_logs().work_again();
    first.get();
}

TEST_CASE("uploads that are committed during a flush share the next one") {
    Scene<OnSqlite> scene;
    scene.upload(1);
    const HeldFlushes flushes;
    std::future<void> first = begin_upload(scene, "first");
    REQUIRE(flushes.wait_for_first());
    std::future<void> second = begin_upload(scene, "second");
    REQUIRE(comes_to_be_found(scene, "second"));
    std::future<void> third = begin_upload(scene, "third");
    REQUIRE(comes_to_be_found(scene, "third"));
    CHECK_FALSE(is_answered(first));
    watched_logs().work_again();
    first.get();
    second.get();
    third.get();
    CHECK(flushes.count() == 2);
}

TEST_CASE("bytes are called unreferenced only when the end of their last row is durable") {
    Scene<OnSqlite> scene;
    scene.upload(1);
    const HeldFlushes flushes;
    std::promise<bool> promise;
    std::future<bool> answer = promise.get_future();
    const auto ask = [](Scene<OnSqlite>& place, std::promise<bool>& into) -> async::Task<> {
        into.set_value(co_await place.on.store().is_blob_referenced(media::BlobKey{base::sha256("other")}));
    };
    scene.runner.group().spawn(scene.runner.executor(), ask(scene, promise));
    REQUIRE(flushes.wait_for_first());
    CHECK(answer.wait_for(20ms) == std::future_status::timeout);
    watched_logs().work_again();
    CHECK_FALSE(answer.get());
}

TEST_CASE("after a flush that failed nothing is acknowledged until a restart") {
    Scene<OnSqlite> scene;
    scene.runner.run(upload(scene, "before"));
    {
        const HeldFlushes end;
        watched_logs().fail_flushes();
        CHECK_THROWS_AS(scene.runner.run(upload(scene, "during")), base::OutcomeUnknown);
    }
    CHECK_THROWS_AS(scene.runner.run(upload(scene, "after")), base::StorageError);
    CHECK_THROWS_AS(scene.runner.run(scene.on.store().ping()), base::StorageError);
    CHECK(is_found(scene, "before"));

    scene.on.reopen();
    CHECK(is_found(scene, "before"));
    CHECK_FALSE(is_found(scene, "after"));
    scene.runner.run(upload(scene, "anew"));
    CHECK(is_found(scene, "anew"));
}

TEST_CASE("what is acknowledged after a failed flush and a restart survives a power cut") {
    Scene<OnSqlite> scene;
    scene.runner.run(upload(scene, "before"));
    const std::filesystem::path log = scene.on.path().string() + "-wal";
    FileOnDisk disk(log);
    {
        const HeldFlushes end;
        watched_logs().fail_flushes();
        CHECK_THROWS_AS(scene.runner.run(upload(scene, "during")), base::OutcomeUnknown);
    }
    scene.on.reopen();
    scene.runner.run(upload(scene, "after"));

    const std::filesystem::path copy = scene.on.folder() / "copy.db";
    std::filesystem::copy_file(scene.on.path(), copy);
    disk.write_to(copy.string() + "-wal");
    Connection plain(copy, SQLITE_OPEN_READWRITE);
    CHECK(plain.ask("PRAGMA integrity_check") == "ok");
    CHECK(plain.ask("SELECT COUNT(*) FROM media WHERE media_id IN ('before', 'after')") == "2");
}

TEST_CASE("a database whose log cannot be brought to the disk is not opened") {
    Scene<OnSqlite> scene;
    scene.runner.run(upload(scene, "before"));
    const HeldFlushes end;
    watched_logs().fail_flushes();
    CHECK_THROWS_AS(scene.runner.run(upload(scene, "during")), base::OutcomeUnknown);
    CHECK_THROWS_AS(scene.on.reopen(), OpenError);
    watched_logs().work_again();
    scene.on.reopen();
    CHECK(is_found(scene, "before"));
}

TEST_CASE("a commit whose flush is left to others flushes only a new log's header") {
    const TempFolder folder;
    Connection connection(folder.path() / "a.db",
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, gathering_vfs());
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (n)");
    const auto flushes_of = [&](const char* sql) {
        const int before = watched_logs().flushes();
        connection.execute(sql);
        return watched_logs().flushes() - before;
    };
    CHECK(flushes_of("INSERT INTO t VALUES (1)") == 1);
    const UnflushedCommit others_flush(connection.handle());
    CHECK(flushes_of("INSERT INTO t VALUES (2)") == 0);
    CHECK(flushes_of("PRAGMA wal_checkpoint") == 0);  // this too
    CHECK(flushes_of("INSERT INTO t VALUES (3)") == 1);
    CHECK(flushes_of("INSERT INTO t VALUES (4)") == 0);
}

TEST_CASE("the log is kept short while uploads go on, and nothing of it is lost") {
    constexpr int uploads = 4000;
    constexpr int writers = 8;
    Scene<OnSqlite> scene;
    const std::string body(32'768, 'x');
    const auto upload_many = [&](int writer) -> async::Task<> {
        for (int i = writer; i < uploads; i += writers) {
            media::ReserveOutcome outcome =
                co_await scene.on.ledger().reserve({user(), ByteCount(32'768), {}, {}});
            media::Reservation& reservation = std::get<media::Reservation>(outcome);
            co_await scene.on.store().record_upload(inline_record(user(), "m" + std::to_string(i), body),
                                                    reservation.id());
            reservation.settled();
        }
    };
    for (int writer = 0; writer < writers; ++writer)
        scene.runner.group().spawn(scene.runner.executor(), upload_many(writer));
    REQUIRE(scene.runner.group().wait_until_empty(60s));
    // 4000 times 9 pages were written, 141 MiB. How far below its greatest length, 128 MiB, the log stays, is
    // a matter of how busy the machine is.
    CHECK(std::filesystem::file_size(scene.on.path().string() + "-wal") < (std::uintmax_t{130} << 20));
    CHECK(scene.sent(limit(24h, 1)) == std::int64_t{uploads} * 32'768);
    scene.on.reopen();
    CHECK(is_found(scene, "m0"));
    CHECK(is_found(scene, "m" + std::to_string(uploads - 1)));
    CHECK(scene.sent(limit(24h, 1)) == std::int64_t{uploads} * 32'768);

    const std::filesystem::path copy = scene.on.folder() / "copy.db";
    std::filesystem::copy_file(scene.on.path(), copy);
    std::filesystem::copy_file(scene.on.path().string() + "-wal", copy.string() + "-wal");
    Connection plain(copy, SQLITE_OPEN_READWRITE);
    CHECK(plain.ask("PRAGMA integrity_check") == "ok");
    CHECK(plain.ask("SELECT COUNT(*) FROM media") == std::to_string(uploads));
}

}  // namespace mxcd::metadata::test
