#include "store_fixture.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>

using namespace mxcd;
using test::sample_body;
using test::StoreFixture;

namespace {

constexpr const char* folder_variable = "MXCD_TEST_CRASH_FOLDER";

std::string crash_body() { return sample_body(200'000, 77); }

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    REQUIRE(file.flush().good());
}

void put_blob(const StoreFixture& fixture, const std::string& body) {
    const std::string hex = test::key_of(body).hex();
    write_file(fixture.path / "blobs" / hex.substr(0, 2) / hex, body);
}

/// Runs the hidden test below in a process of its own, with `failpoint` set to kill it; how it ended.
int run_child(const std::filesystem::path& folder, const std::string& failpoint) {
    const std::string where = std::string(folder_variable) + "=" + folder.string();
    const std::string points = "MXCD_FAILPOINTS=" + failpoint + "=kill";
    std::string program = "/proc/self/exe";
    std::string only = "[crash-child]";
    std::vector<char*> arguments{program.data(), only.data(), nullptr};
    std::vector<const char*> variables{where.c_str(), points.c_str(), nullptr};
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    const int error = posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(),
                                  const_cast<char* const*>(variables.data()));
    posix_spawn_file_actions_destroy(&actions);
    REQUIRE(error == 0);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return status;
}

}  // namespace

TEST_CASE("crash child: stores one body and commits it", "[.][crash-child]") {
    const char* folder = std::getenv(folder_variable);
    if (folder == nullptr) return;
    const std::filesystem::path path = folder;
    test::TaskRunner tasks;
    async::WorkerPool workers(async::WorkerPoolConfig{.name = "disk", .threads = 2});
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    const std::unique_ptr<media::BlobStore> store = blobs::open_folder_store(
        {.path = path / "store", .min_free_space = base::ByteCount(0)}, workers, *metrics);
    std::unique_ptr<media::StoredBlob> stored = tasks.run(test::store_body(*store, crash_body()));
    write_file(path / "committed", "");
    stored->keep();
}

TEST_CASE("a crash at any point of an upload loses no committed bytes and leaves no others") {
    const std::string failpoint = GENERATE("blob.spooled", "blob.flushed", "blob.renamed", "blob.linked",
                                           "blob.folder_flushed", "blob.kept");
    const bool was_there_before = GENERATE(false, true);
    CAPTURE(failpoint, was_there_before);
    StoreFixture fixture;
    if (was_there_before) fixture.tasks.run(test::store_body(*fixture.store, crash_body()))->keep();
    fixture.store.reset();
    const int status = run_child(fixture.folder.path(), failpoint);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
    const bool is_committed = std::filesystem::exists(fixture.folder.path() / "committed");
    CHECK(is_committed == (failpoint == "blob.kept"));
    CHECK_FALSE(fixture.spool_files().empty());

    fixture.open();
    fixture.store->recover([&](const media::BlobKey& key) {
        CHECK(key == test::key_of(crash_body()));
        return is_committed || was_there_before;
    });
    CHECK(fixture.spool_files().empty());
    const std::optional<media::OpenBlob> blob =
        fixture.tasks.run(fixture.store->open(test::key_of(crash_body())));
    REQUIRE(blob.has_value() == (is_committed || was_there_before));
    if (blob) CHECK(test::content_of(*blob) == crash_body());
    CHECK(fixture.blob_files().size() == (blob ? 1 : 0));
}

TEST_CASE("recovery asks only about bytes that were in flight, and leaves files that are not ours") {
    StoreFixture fixture;
    put_blob(fixture, "finished long ago");
    put_blob(fixture, "committed");
    put_blob(fixture, "orphan");
    const std::string letters = "ABCDEFGHIJKLabcdefghijkl";
    const std::filesystem::path spool = fixture.path / "spool";
    write_file(spool / letters, "half a body");
    write_file(spool / (test::key_of("committed").hex() + "." + letters), "");
    write_file(spool / (test::key_of("orphan").hex() + "." + letters), "");
    write_file(spool / (test::key_of("never linked").hex() + "." + letters), "");
    write_file(spool / "notes of the operator", "");
    std::set<media::BlobKey> asked;
    fixture.store->recover([&](const media::BlobKey& key) {
        asked.insert(key);
        return key == test::key_of("committed");
    });
    CHECK(asked == std::set{test::key_of("committed"), test::key_of("orphan"), test::key_of("never linked")});
    CHECK(fixture.spool_files() == std::vector<std::string>{"notes of the operator"});
    std::vector<std::string> left = fixture.blob_files();
    std::sort(left.begin(), left.end());
    std::vector<std::string> expected{test::key_of("finished long ago").hex(),
                                      test::key_of("committed").hex()};
    std::sort(expected.begin(), expected.end());
    CHECK(left == expected);
}

TEST_CASE("a recovery that was interrupted is finished by the next one") {
    StoreFixture fixture;
    const std::string letters = "ABCDEFGHIJKLabcdefghijkl";
    for (const std::string body : {"one", "two", "three"}) {
        put_blob(fixture, body);
        write_file(fixture.path / "spool" / (test::key_of(body).hex() + "." + letters), "");
    }
    int asked = 0;
    const auto fail_late = [&](const media::BlobKey&) -> bool {
        if (++asked == 2) throw std::runtime_error("the database went away");
        return false;
    };
    CHECK_THROWS(fixture.store->recover(fail_late));
    CHECK(fixture.blob_files().size() == 2);
    fixture.store->recover([](const media::BlobKey&) { return false; });
    CHECK(fixture.blob_files().empty());
    CHECK(fixture.spool_files().empty());
}

TEST_CASE("what is withdrawn or kept is done when the store has closed") {
    StoreFixture fixture;
    const bool is_kept = GENERATE(true, false);
    std::unique_ptr<media::StoredBlob> stored = fixture.tasks.run(test::store_body(*fixture.store, "body"));
    if (is_kept) stored->keep();
    stored.reset();
    fixture.store.reset();
    CHECK(fixture.spool_files().empty());
    CHECK(fixture.blob_files().size() == (is_kept ? 1 : 0));
}

TEST_CASE("an upload of whose row nobody knows is decided at the next start") {
    const bool is_referenced = GENERATE(true, false);
    StoreFixture fixture;
    fixture.tasks.run(test::store_body(*fixture.store, "body"))->leave();
    fixture.store.reset();
    REQUIRE(fixture.spool_files().size() == 1);
    REQUIRE(fixture.blob_files().size() == 1);
    fixture.open();
    fixture.store->recover([is_referenced](const media::BlobKey&) { return is_referenced; });
    CHECK(fixture.spool_files().empty());
    CHECK(fixture.blob_files().size() == (is_referenced ? 1 : 0));
}

TEST_CASE("a deletion that was not decided is decided at the next start") {
    const bool is_referenced = GENERATE(true, false);
    StoreFixture fixture;
    const std::string body = sample_body(1000);
    fixture.tasks.run(test::store_body(*fixture.store, body))->keep();
    fixture.tasks.run(fixture.store->doom(test::key_of(body))).reset();
    REQUIRE(fixture.spool_files().size() == 1);
    fixture.open();
    fixture.store->recover([is_referenced](const media::BlobKey&) { return is_referenced; });
    CHECK(fixture.spool_files().empty());
    CHECK(fixture.blob_files().size() == (is_referenced ? 1 : 0));
}
