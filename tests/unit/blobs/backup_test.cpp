#include "mxcd/base/errors.hpp"

#include "store_fixture.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

using namespace mxcd;
using test::sample_body;
using test::StoreFixture;

namespace {

constexpr unsigned blob_count = 20;

void fill(StoreFixture& fixture) {
    for (unsigned i = 0; i < blob_count; ++i)
        fixture.tasks.run(test::store_body(*fixture.store, sample_body(1'000 + i, i)))->keep();
}

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::filesystem::path place_of(const std::filesystem::path& store, const std::string& body) {
    const std::string hex = test::key_of(body).hex();
    return store / "blobs" / hex.substr(0, 2) / hex;
}

void check_complete(const std::filesystem::path& backup) {
    CHECK(test::files_below(backup).size() == blob_count);
    for (unsigned i = 0; i < blob_count; ++i) {
        const std::string body = sample_body(1'000 + i, i);
        CHECK(text_of(place_of(backup, body)) == body);
    }
}

}  // namespace

TEST_CASE("a backup holds every blob, tells how far it is, and is a store itself") {
    StoreFixture fixture;
    fill(fixture);
    std::vector<double> heard;
    const std::filesystem::path backup = fixture.folder.path() / "backup";
    fixture.tasks.run(fixture.store->back_up(backup, [&](double part) { heard.push_back(part); }));
    check_complete(backup);
    struct stat facts{};
    REQUIRE(stat(backup.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777U) == 0700U);
    CHECK(std::is_sorted(heard.begin(), heard.end()));
    CHECK(heard.front() > 0);
    CHECK(heard.back() == 1);
    const std::unique_ptr<media::BlobStore> restored =
        blobs::open_folder_store({.path = backup}, fixture.workers, *fixture.metrics);
    CHECK(fixture.tasks.run(restored->open(test::key_of(sample_body(1'003, 3)))).has_value());
}

TEST_CASE("an interrupted backup is completed by the next run") {
    StoreFixture fixture;
    fill(fixture);
    const std::filesystem::path backup = fixture.folder.path() / "backup";
    const auto stop_early = [](double part) {
        if (part > 0.5) throw std::runtime_error("interrupted");
    };
    CHECK_THROWS(fixture.tasks.run(fixture.store->back_up(backup, stop_early)));
    CHECK(test::files_below(backup).size() < blob_count);
    // As a copy looks whose run ended in the middle of it.
    const std::filesystem::path damaged = place_of(backup, sample_body(1'007, 7));
    std::filesystem::create_directories(damaged.parent_path());
    std::filesystem::remove(damaged);
    std::ofstream(damaged) << "short";
    fixture.tasks.run(fixture.store->back_up(backup, {}));
    check_complete(backup);
}

TEST_CASE("a backup to another file system is a copy") {
    const test::TempFolder other;
    if (mount("tmpfs", other.path().c_str(), "tmpfs", 0, "size=8m") != 0) {
        WARN("skipped: mounting a small tmpfs needs root");
        return;
    }
    {
        StoreFixture fixture;
        fill(fixture);
        const std::filesystem::path backup = other.path() / "backup";
        fixture.tasks.run(fixture.store->back_up(backup, {}));
        check_complete(backup);
        struct stat facts{};
        REQUIRE(stat(place_of(backup, sample_body(1'000, 0)).c_str(), &facts) == 0);
        CHECK(facts.st_nlink == 1);
        CHECK((facts.st_mode & 0777U) == 0600U);
    }
    CHECK(umount2(other.path().c_str(), MNT_DETACH) == 0);
}

TEST_CASE("a backup into a folder whose parent is missing fails") {
    StoreFixture fixture;
    CHECK_THROWS_AS(fixture.tasks.run(fixture.store->back_up(fixture.folder.path() / "no" / "backup", {})),
                    base::StorageError);
}
