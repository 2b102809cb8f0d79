#include "mxcd/base/errors.hpp"
#include "mxcd/base/unique_fd.hpp"

#include "metadata/migrations.hpp"
#include "support/catch.hpp"
#include "support/sanitizers.hpp"
#include "unit/metadata/scene.hpp"
#include "unit/metadata/watched_files.hpp"

#include <sqlite3.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>

namespace mxcd::metadata::test {

namespace {

using Reason = OpenError::Reason;

/// Why opening fails; nothing when it works.
std::optional<Reason> why_not(const std::filesystem::path& path) {
    const ManualClock clock;
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    try {
        static_cast<void>(open_sqlite({.path = path}, clock, *metrics));
    } catch (const OpenError& error) {
        return error.reason;
    }
    return std::nullopt;
}

void execute_on(const std::filesystem::path& path, const char* sql) {
    Connection(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE).execute(sql);
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("what was uploaded and sent survives closing and opening, reservations do not") {
    Scene<OnSqlite> scene;
    scene.upload(60);
    scene.on.clock.advance(10min);
    scene.upload(30);
    media::Reservation lost = scene.must_reserve(10);
    lost.settled();
    scene.on.reopen();
    CHECK(scene.sent(limit(1h, 100)) == 90);
    CHECK(scene.usage(limit(1h, 100)).reserved == ByteCount(0));
    CHECK(scene.sent(limit(10min, 100)) == 30);
    CHECK(scene.runner.run(scene.on.store().find(media_id("media2")))->size == ByteCount(30));
    scene.upload(5);
    CHECK(scene.sent(limit(1h, 100)) == 95);
}

TEST_CASE("after opening, the ledger's time begins where it ended") {
    Scene<OnSqlite> scene;
    scene.on.clock.advance(24h);
    scene.upload(60, user("alice"));
    scene.on.clock.jump_wall(-24h);
    scene.on.reopen();
    scene.upload(10, user("bob"));
    const auto found = scene.runner.run(scene.on.store().find(media_id("media2")));
    REQUIRE(found);
    CHECK(found->created_at == scene.on.clock.now() + 24h);
}

TEST_CASE("another process opens a database", "[.child]") {
    const char* const path = std::getenv("MXCD_TEST_CHILD_FILE");
    if (path == nullptr) return;
    REQUIRE(why_not(path) == Reason::in_use);
    REQUIRE(watched_logs().flushes() == 0);
}

TEST_CASE("a database that is open cannot be opened by another process, which leaves its log alone") {
    Scene<OnSqlite> scene;
    scene.upload(1);
    const OnSqlite& first = scene.on;
    const pid_t child = fork();
    if (child == 0) {
        setenv("MXCD_TEST_CHILD_FILE", first.path().c_str(), 1);
        execl("/proc/self/exe", "test_metadata", "another process opens a database", "--out",
              (first.folder() / "report").c_str(), nullptr);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
}

TEST_CASE("a database may be a symbolic link to its file") {
    TaskRunner runner;
    const TempFolder folder;
    const ManualClock clock;
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    const std::filesystem::path file = folder.path() / "disk" / "real.db";
    const std::filesystem::path link = folder.path() / "mxcd.db";
    REQUIRE(why_not(file) == std::nullopt);
    std::filesystem::create_symlink(file, link);
    const auto database = open_sqlite({.path = link}, clock, *metrics);
    media::ReserveOutcome outcome = runner.run(database->ledger().reserve({user(), ByteCount(10), {}, {}}));
    media::Reservation& reservation = std::get<media::Reservation>(outcome);
    runner.run(database->metadata().record_upload(record(user(), "first", 10), reservation.id()));
    reservation.settled();
    CHECK(std::filesystem::file_size(file.string() + "-wal") > 0);
    CHECK_FALSE(std::filesystem::exists(link.string() + "-wal"));
}

TEST_CASE("a database without enough descriptors for its files says that it cannot be opened") {
    if (mxcd::test::is_type_checking) {
        WARN("skipped: the undefined-behaviour sanitizer needs descriptors");
        return;
    }
    const TempFolder folder;
    const std::filesystem::path path = folder.path() / "mxcd.db";
    REQUIRE(why_not(path) == std::nullopt);
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const base::UniqueFd first_free(dup(STDERR_FILENO));
    const auto is_open_with = [&](rlim_t descriptors) {
        const rlimit few{static_cast<rlim_t>(first_free.get()) + descriptors, before.rlim_max};
        REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
        const std::optional<Reason> reason = why_not(path);
        REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
        return !reason;
    };
    CHECK_FALSE(is_open_with(1));
    rlim_t enough = 2;
    while (enough < 20 && !is_open_with(enough)) ++enough;
    CHECK(enough < 20);
}

TEST_CASE("a database of a newer version is left alone") {
    const TempFolder folder;
    const std::filesystem::path path = folder.path() / "mxcd.db";
    REQUIRE(why_not(path) == std::nullopt);
    execute_on(path, "PRAGMA user_version = 9999");
    const std::string before = content_of(path);
    CHECK(why_not(path) == Reason::newer_schema);
    CHECK(content_of(path) == before);
}

TEST_CASE("a database of another program is left alone") {
    const TempFolder folder;
    const std::filesystem::path path = folder.path() / "homeserver.db";
    execute_on(path, "CREATE TABLE events (event_id TEXT)");
    CHECK(why_not(path) == Reason::other);
}

TEST_CASE("a file that is no database, or a broken one, is reported as damaged") {
    const TempFolder folder;
    const std::filesystem::path path = folder.path() / "mxcd.db";
    std::ofstream(path) << std::string(100'000, 'x');
    CHECK(why_not(path) == Reason::damaged);
    std::filesystem::remove(path);
    REQUIRE(why_not(path) == std::nullopt);
    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(100)
        << std::string(200, '\xff');
    CHECK(why_not(path) == Reason::damaged);
}

TEST_CASE("a place where nothing may be written is a matter of permission") {
    CHECK(why_not("/sys/mxcd.db") == Reason::permission);
}

TEST_CASE("a place that does not exist is reported, its last folder is made") {
    const TempFolder folder;
    CHECK(why_not(folder.path() / "a" / "b" / "mxcd.db") == Reason::other);
    CHECK(why_not(folder.path() / "c" / "mxcd.db") == std::nullopt);
    struct stat facts{};
    REQUIRE(::stat((folder.path() / "c" / "mxcd.db").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
}

TEST_CASE("a secret is made once and stays") {
    OnSqlite on;
    const std::string first(on.database().secret("cookies").reveal());
    CHECK(first.size() == 32);
    CHECK(on.database().secret("cookies").reveal() == first);
    CHECK(on.database().secret("other").reveal() != first);
    on.reopen();
    CHECK(on.database().secret("cookies").reveal() == first);
}

TEST_CASE("recovery can ask, without a task, which bytes have a row") {
    Scene<OnSqlite> scene;
    scene.upload(10);
    CHECK(scene.on.database().is_blob_referenced(record(user(), "media1", 10).blob));
    CHECK_FALSE(scene.on.database().is_blob_referenced(record(user(), "media2", 10).blob));
}

TEST_CASE("a full queue refuses work, but takes reservations back") {
    const TempFolder folder;
    const ManualClock clock;
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    TaskRunner runner;
    const auto database = open_sqlite({.path = folder.path() / "mxcd.db", .queue_limit = 0}, clock, *metrics);
    CHECK_THROWS_AS(runner.run(database->metadata().find(media_id("any"))), base::Overloaded);
    CHECK_THROWS_AS(runner.run(database->metadata().record_upload(record(user(), "any", 1), {})),
                    base::Overloaded);
    CHECK_THROWS_AS(runner.run(database->ledger().reserve({user(), ByteCount(1), {}, {}})), base::Overloaded);
    database->ledger().release(media::ReservationId{1});
}

TEST_CASE("migrations run in order, each once, and a failing one leaves the version before it") {
    const TempFolder folder;
    Connection connection(folder.path() / "mxcd.db", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    const std::array first{"CREATE TABLE one (a TEXT)"};
    migrate(connection, first);
    const std::array broken{"never read", "CREATE TABLE two (a TEXT); INSERT INTO nowhere VALUES (1)"};
    CHECK_THROWS_AS(migrate(connection, broken), SqliteError);
    CHECK(connection.ask("PRAGMA user_version") == "1");
    const std::array whole{"never read", "CREATE TABLE two (a TEXT)", "ALTER TABLE two ADD COLUMN b TEXT"};
    migrate(connection, whole);
    CHECK(connection.ask("PRAGMA user_version") == "3");
    CHECK(connection.ask("SELECT COUNT(b) FROM two") == "0");
}

TEST_CASE("a value of another type than expected is an error, not a conversion") {
    Connection connection(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    Statement statement(connection, "SELECT $2, $1");
    Query query(statement);
    query.bind(1, std::string_view("12")).bind(2, std::int64_t{34});
    REQUIRE(query.next());
    CHECK(query.integer(0) == 34);
    CHECK(query.text(1) == "12");
    CHECK_THROWS_AS(query.integer(1), base::StorageError);
    CHECK_THROWS_AS(query.text(0), base::StorageError);
    CHECK_THROWS_AS(query.blob(1), base::StorageError);
}

TEST_CASE("the log is emptied into the database on a clean end") {
    Scene<OnSqlite> scene;
    scene.upload(10);
    scene.on.reopen();
    const std::filesystem::path log = scene.on.path().string() + "-wal";
    CHECK((!std::filesystem::exists(log) || std::filesystem::file_size(log) == 0));
}

}  // namespace mxcd::metadata::test
