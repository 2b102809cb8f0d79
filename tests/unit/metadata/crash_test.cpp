#include "mxcd/async/io_threads.hpp"

#include "support/catch.hpp"
#include "unit/metadata/scene.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

// Failpoints are read once per process, so what happens at them is tried in a process of its own: this
// program, running the case below.

namespace mxcd::metadata::test {

namespace {

constexpr const char* child_case = "a child process uploads until it ends";
constexpr int uploads = 200;
constexpr int size = 100;

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> lines_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::set<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.insert(line);
    return lines;
}

/// Runs the child with these failpoints; true when it ended by itself.
[[maybe_unused]] bool run_child(const std::filesystem::path& folder, const char* failpoints) {
    const pid_t child = fork();
    if (child == 0) {
        setenv("MXCD_FAILPOINTS", failpoints, 1);
        setenv("MXCD_TEST_CHILD_FOLDER", folder.c_str(), 1);
        execl("/proc/self/exe", "test_metadata", child_case, "--out", (folder / "report").c_str(), nullptr);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void append_line(const std::filesystem::path& path, const std::string& line) {
    std::ofstream(path, std::ios::app) << line << '\n' << std::flush;
}

async::Task<> upload_one(Database& database, std::string id, std::filesystem::path folder) {
    media::ReserveOutcome outcome = co_await database.ledger().reserve({user(), ByteCount(size), {}, {}});
    media::Reservation& reservation = std::get<media::Reservation>(outcome);
    std::string result = "acknowledged";
    try {
        const media::MediaRecord row = inline_record(user(), id, std::string(size, 'x'));
        co_await database.metadata().record_upload(row, reservation.id());
        reservation.settled();
    } catch (const base::StorageFull&) {
        result = "full";
    } catch (const base::StorageError&) {
        result = "failed";
    }
    append_line(folder / result, id);
}

async::Task<> upload_many(Database& database, std::string name, std::filesystem::path folder) {
    for (int i = 0; i < uploads; ++i) co_await upload_one(database, name + std::to_string(i), folder);
}

struct Outcome {
    std::set<std::string> acknowledged;
    std::set<std::string> failed;
    std::set<std::string> full;
    int lost = 0;    // acknowledged, but not there
    int undead = 0;  // failed, but there
    std::int64_t found = 0;
    std::int64_t sent = 0;
    std::int64_t reserved_at_end = -1;
};

/// What is left in the database after the child's end.
[[maybe_unused]] Outcome look_at(const std::filesystem::path& folder, bool may_have_unanswered) {
    Outcome outcome{lines_of(folder / "acknowledged"), lines_of(folder / "failed"),
                    lines_of(folder / "full")};
    const ManualClock clock;
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    TaskRunner runner;
    const auto database = open_sqlite({.path = folder / "mxcd.db"}, clock, *metrics);
    for (const std::string name : {"a", "b", "c", "d"}) {
        for (int i = 0; i < uploads; ++i) {
            const std::string id = name + std::to_string(i);
            const bool is_found = runner.run(database->metadata().find(media_id(id))).has_value();
            if (is_found) ++outcome.found;
            if (outcome.acknowledged.contains(id) && !is_found) ++outcome.lost;
            if (!may_have_unanswered && (outcome.failed.contains(id) || outcome.full.contains(id)) &&
                is_found)
                ++outcome.undead;
        }
    }
    outcome.sent = runner.run(database->ledger().usage(user(), {limit(24h, 1)})).at(0).sent.value();
    if (const std::string text = read_text(folder / "reserved"); !text.empty())
        outcome.reserved_at_end = std::stoll(text);
    return outcome;
}

}  // namespace

TEST_CASE("a child process uploads until it ends", "[.child]") {
    const char* folder_name = std::getenv("MXCD_TEST_CHILD_FOLDER");
    if (folder_name == nullptr) return;
    const std::filesystem::path folder = folder_name;
    const ManualClock clock;
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    TaskRunner runner;
    const auto database = open_sqlite({.path = folder / "mxcd.db"}, clock, *metrics);
    for (const std::string name : {"a", "b", "c", "d"})
        runner.group().spawn(runner.executor(), upload_many(*database, name, folder));
    REQUIRE(runner.group().wait_until_empty(60s));
    const auto usage = runner.run(database->ledger().usage(user(), {limit(24h, 1)}));
    append_line(folder / "reserved", std::to_string(usage.at(0).reserved.value()));
}

#ifdef MXCD_FAILPOINTS

TEST_CASE("a commit that fails fails its whole group, writes nothing and the next one works") {
    const TempFolder folder;
    REQUIRE(run_child(folder.path(), "database.before_commit=error:7"));
    const Outcome outcome = look_at(folder.path(), false);
    CHECK(outcome.failed.size() >= 1);
    CHECK(outcome.acknowledged.size() == 4 * uploads - outcome.failed.size());
    CHECK(outcome.lost == 0);
    CHECK(outcome.undead == 0);
    CHECK(outcome.sent == size * outcome.found);
    CHECK(outcome.reserved_at_end == 0);
}

TEST_CASE("a disk that is full is told apart from other failures") {
    const TempFolder folder;
    REQUIRE(run_child(folder.path(), "database.before_commit=full:7"));
    const Outcome outcome = look_at(folder.path(), false);
    CHECK(outcome.full.size() >= 1);
    CHECK(outcome.failed.empty());
    CHECK(outcome.lost == 0);
    CHECK(outcome.undead == 0);
    CHECK(outcome.sent == size * outcome.found);
}

TEST_CASE("one upload that fails inside a group fails alone") {
    const TempFolder folder;
    REQUIRE(run_child(folder.path(), "database.record_upload=error:50"));
    const Outcome outcome = look_at(folder.path(), false);
    CHECK(outcome.failed.size() == 1);
    CHECK(outcome.found == 4 * uploads - 1);
    CHECK(outcome.undead == 0);
    CHECK(outcome.sent == size * outcome.found);
    CHECK(outcome.reserved_at_end == 0);
}

TEST_CASE("a process killed at any point of a commit loses nothing that it acknowledged") {
    const char* const failpoints = GENERATE("database.before_commit=kill:30", "database.before_flush=kill:30",
                                            "database.after_commit=kill:30", "database.record_upload=kill:77",
                                            "database.before_commit=kill:1");
    const TempFolder folder;
    CHECK_FALSE(run_child(folder.path(), failpoints));
    const Outcome outcome = look_at(folder.path(), true);
    CHECK(outcome.lost == 0);
    CHECK(outcome.sent == size * outcome.found);
    CHECK(outcome.found <= static_cast<std::int64_t>(outcome.acknowledged.size()) + 4);
}

#endif

}  // namespace mxcd::metadata::test
