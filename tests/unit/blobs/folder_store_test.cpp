#include "mxcd/base/errors.hpp"

#include "store_fixture.hpp"
#include "support/eventually.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <future>

using namespace mxcd;
using test::eventually;
using test::sample_body;
using test::StoreFixture;

namespace {

mode_t mode_of(const std::filesystem::path& path) {
    struct stat facts{};
    REQUIRE(stat(path.c_str(), &facts) == 0);
    return facts.st_mode & 07777U;
}

/// A small file system in memory; without the right to mount, it is not there.
class TinyDisk {
  public:
    explicit TinyDisk(const std::string& options)
        : is_there_(mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options.c_str()) == 0) {}
    ~TinyDisk() {
        if (is_there_) umount2(folder_.path().c_str(), MNT_DETACH);
    }
    TinyDisk(const TinyDisk&) = delete;
    TinyDisk& operator=(const TinyDisk&) = delete;

    [[nodiscard]] bool is_there() const { return is_there_; }
    [[nodiscard]] std::filesystem::path path() const { return folder_.path(); }

  private:
    test::TempFolder folder_;
    bool is_there_;
};

}  // namespace

TEST_CASE("a blob lies at its content address, readable by its owner only") {
    StoreFixture fixture;
    const std::string body = sample_body(100'000);
    fixture.tasks.run(test::store_body(*fixture.store, body))->keep();
    const std::string hex = test::key_of(body).hex();
    const std::filesystem::path file = fixture.path / "blobs" / hex.substr(0, 2) / hex;
    CHECK(std::filesystem::file_size(file) == 100'000);
    CHECK(mode_of(file) == 0600);
    CHECK(mode_of(fixture.path) == 0700);
    CHECK(eventually([&] { return fixture.spool_files().empty(); }));
}

TEST_CASE("the same bytes twice are one file") {
    StoreFixture fixture;
    const std::string body = sample_body(100'000);
    fixture.tasks.run(test::store_body(*fixture.store, body))->keep();
    fixture.tasks.run(test::store_body(*fixture.store, body))->keep();
    CHECK(fixture.blob_files().size() == 1);
    CHECK(eventually([&] { return fixture.spool_files().empty(); }));
}

TEST_CASE("many uploads of the same bytes at once leave one file, or none when all fail") {
    std::array<test::TaskRunner, 4> runners;
    StoreFixture fixture;
    const bool is_kept = GENERATE(true, false);
    const std::string body = sample_body(70'000);
    for (int round = 0; round < 20; ++round) {
        std::vector<std::future<void>> uploads;
        for (int i = 0; i < 4; ++i) {
            uploads.push_back(std::async(std::launch::async, [&, i] {
                std::unique_ptr<media::StoredBlob> stored =
                    runners.at(static_cast<std::size_t>(i)).run(test::store_body(*fixture.store, body));
                if (is_kept && i == round % 4) stored->keep();
            }));
        }
        for (std::future<void>& upload : uploads) upload.get();
        CHECK(eventually([&] { return fixture.spool_files().empty(); }));
        CHECK(fixture.blob_files().size() == (is_kept ? 1 : 0));
    }
}

TEST_CASE("an abandoned writer leaves nothing") {
    StoreFixture fixture;
    std::unique_ptr<media::BlobWriter> writer =
        fixture.tasks.run(test::spool(*fixture.store, sample_body(600'000)));
    CHECK(fixture.spool_files().size() == 1);
    SECTION("in mid-body") {}
    SECTION("after its end") { static_cast<void>(fixture.tasks.run(writer->finish())); }
    writer.reset();
    CHECK(eventually([&] { return fixture.spool_files().empty(); }));
    CHECK(fixture.blob_files().empty());
}

TEST_CASE("a large body in many pieces has the right hash and bytes") {
    StoreFixture fixture;
    const std::string body = sample_body(5'000'003);
    const std::size_t piece = GENERATE(std::size_t{4'099}, std::size_t{256 * 1024});
    std::unique_ptr<media::BlobWriter> writer = fixture.tasks.run(test::spool(*fixture.store, body, piece));
    CHECK(fixture.tasks.run(writer->finish()).key == test::key_of(body));
    fixture.tasks.run(writer->store())->keep();
    const std::optional<media::OpenBlob> blob = fixture.tasks.run(fixture.store->open(test::key_of(body)));
    REQUIRE(blob.has_value());
    CHECK(test::content_of(*blob) == body);
}

TEST_CASE(
    "what follows the first 8 MiB of a body goes past the page cache in whole blocks, where that is "
    "possible") {
    constexpr off_t direct_from = 8 * 1024 * 1024;
    constexpr std::size_t block = 4096;
    const auto is_whole = [](auto number) { return static_cast<std::uintptr_t>(number) % block == 0; };
    const bool is_possible = GENERATE(true, false);
    std::int64_t direct_bytes = 0;
    bool is_sound = true;
    blobs::DiskCalls disk;
    disk.write_at = [&](int file, const void* bytes, std::size_t count, off_t offset) {
        if ((fcntl(file, F_GETFL) & O_DIRECT) != 0) {
            if (!is_possible) {
                errno = EINVAL;
                return ssize_t{-1};
            }
            is_sound = is_sound && offset >= direct_from && is_whole(offset) && is_whole(count) &&
                       is_whole(reinterpret_cast<std::uintptr_t>(bytes));
            direct_bytes += static_cast<std::int64_t>(count);
        }
        return pwrite(file, bytes, count, offset);
    };
    StoreFixture fixture(disk);
    const std::size_t piece = GENERATE(std::size_t{100'003}, std::size_t{1'000'000});
    const auto size =
        GENERATE(std::size_t{8 * 1024 * 1024}, std::size_t{12 * 1024 * 1024}, std::size_t{12'345'679});
    const std::string body = sample_body(size);
    std::unique_ptr<media::BlobWriter> writer = fixture.tasks.run(test::spool(*fixture.store, body, piece));
    CHECK(fixture.tasks.run(writer->finish()).key == test::key_of(body));
    fixture.tasks.run(writer->store())->keep();
    const std::optional<media::OpenBlob> blob = fixture.tasks.run(fixture.store->open(test::key_of(body)));
    REQUIRE(blob.has_value());
    CHECK(test::content_of(*blob) == body);
    CHECK(is_sound);
    const auto after = static_cast<std::int64_t>(size) - direct_from;
    CHECK(direct_bytes == (is_possible ? after - after % static_cast<std::int64_t>(block) : 0));
}

TEST_CASE("short and interrupted writes lose nothing") {
    int calls = 0;
    blobs::DiskCalls disk;
    disk.write_at = [&calls](int file, const void* bytes, std::size_t count, off_t offset) {
        if (++calls % 3 == 0) {
            errno = EINTR;
            return ssize_t{-1};
        }
        return pwrite(file, bytes, std::min<std::size_t>(count, 1000), offset);
    };
    StoreFixture fixture(disk);
    const std::string body = sample_body(50'000);
    fixture.tasks.run(test::store_body(*fixture.store, body))->keep();
    const std::optional<media::OpenBlob> blob = fixture.tasks.run(fixture.store->open(test::key_of(body)));
    REQUIRE(blob.has_value());
    CHECK(test::content_of(*blob) == body);
}

TEST_CASE("a write that fails ends the upload and leaves nothing") {
    int error = 0;
    blobs::DiskCalls disk;
    disk.write_at = [&error](int, const void*, std::size_t, off_t) {
        errno = error;
        return ssize_t{-1};
    };
    StoreFixture fixture(disk);
    std::unique_ptr<media::BlobWriter> writer = fixture.tasks.run(fixture.store->create());
    const std::string bytes = "some bytes";
    SECTION("no room") {
        error = GENERATE(ENOSPC, EDQUOT);
        CHECK_THROWS_AS(fixture.tasks.run(writer->write(std::as_bytes(std::span(bytes)))), base::StorageFull);
    }
    SECTION("a bad disk") {
        error = EIO;
        CHECK_THROWS_AS(fixture.tasks.run(writer->write(std::as_bytes(std::span(bytes)))),
                        base::StorageError);
    }
    CHECK_THROWS_AS(fixture.tasks.run(writer->finish()), base::StorageError);
    writer.reset();
    CHECK(eventually([&] { return fixture.spool_files().empty(); }));
    CHECK(fixture.store->has_room());
}

TEST_CASE("after a failed flush nothing is acknowledged and no more uploads are taken, but downloads go on") {
    std::atomic<bool> is_failing = false;
    std::atomic<int> flushes = 0;
    const auto flush = [&](int) {
        ++flushes;
        if (!is_failing) return 0;
        errno = EIO;
        return -1;
    };
    blobs::DiskCalls disk;
    SECTION("of a body") { disk.flush_file = flush; }
    SECTION("of a folder") { disk.flush_folder = flush; }
    StoreFixture fixture(disk);
    const std::string before = sample_body(80'000, 1);
    fixture.tasks.run(test::store_body(*fixture.store, before))->keep();
    std::unique_ptr<media::BlobWriter> under_way =
        fixture.tasks.run(test::spool(*fixture.store, "under way"));
    static_cast<void>(fixture.tasks.run(under_way->finish()));
    is_failing = true;
    const std::string body = sample_body(80'000, 2);
    CHECK_THROWS_AS(fixture.tasks.run(test::store_body(*fixture.store, body)), base::StorageError);
    CHECK(flushes == 2);
    // A flush that works again proves nothing about what was lost.
    is_failing = false;
    CHECK_FALSE(fixture.store->has_room());
    CHECK_THROWS_AS(fixture.tasks.run(fixture.store->ping()), base::StorageError);
    CHECK_THROWS_AS(fixture.tasks.run(fixture.store->create()), base::StorageError);
    CHECK_THROWS_AS(fixture.tasks.run(under_way->store()), base::StorageError);
    CHECK(flushes == 2);
    under_way.reset();
    CHECK(eventually([&] { return fixture.spool_files().empty(); }));
    CHECK(fixture.blob_files().size() == 1);
    CHECK(fixture.tasks.run(fixture.store->open(test::key_of(before))).has_value());
}

TEST_CASE("an upload that waited for a flush that failed does not try another") {
    std::atomic<int> flushes = 0;
    std::atomic<bool> may_fail = false;
    blobs::DiskCalls disk;
    disk.flush_folder = [&](int) {
        if (++flushes > 1) return 0;
        static_cast<void>(eventually([&] { return may_fail.load(); }));
        errno = EIO;
        return -1;
    };
    test::TaskRunner other;
    StoreFixture fixture(disk);
    const auto upload = [&](test::TaskRunner& runner) {
        return std::async(std::launch::async,
                          [&] { runner.run(test::store_body(*fixture.store, "same bytes"))->keep(); });
    };
    std::future<void> first = upload(fixture.tasks);
    REQUIRE(eventually([&] { return flushes == 1; }));
    std::future<void> second = upload(other);
    // Time to queue up behind the first; coming later only makes the test weaker.
    CHECK(second.wait_for(std::chrono::milliseconds(200)) == std::future_status::timeout);
    may_fail = true;
    CHECK_THROWS_AS(first.get(), base::StorageError);
    CHECK_THROWS_AS(second.get(), base::StorageError);
    CHECK(flushes == 1);
    CHECK(eventually([&] { return fixture.blob_files().empty() && fixture.spool_files().empty(); }));
}

TEST_CASE("a flush that finds no room fails its upload only") {
    std::atomic<bool> is_failing = true;
    blobs::DiskCalls disk;
    disk.flush_file = [&is_failing](int) {
        errno = ENOSPC;
        return is_failing ? -1 : 0;
    };
    StoreFixture fixture(disk);
    CHECK_THROWS_AS(fixture.tasks.run(test::store_body(*fixture.store, "body")), base::StorageFull);
    CHECK(fixture.spool_files().empty());
    is_failing = false;
    CHECK_NOTHROW(fixture.tasks.run(test::store_body(*fixture.store, "body"))->keep());
}

TEST_CASE("a body is flushed before it is at its content address, and the folder after it") {
    std::vector<std::string> order;
    std::filesystem::path blob_folder;
    blobs::DiskCalls disk;
    const auto note = [&](const char* what) {
        order.push_back(std::string(what) + (test::files_below(blob_folder).empty() ? " before" : " after"));
        return 0;
    };
    disk.flush_file = [&note](int) { return note("file"); };
    disk.flush_folder = [&note](int) { return note("folder"); };
    StoreFixture fixture(disk);
    blob_folder = fixture.path / "blobs";
    fixture.tasks.run(test::store_body(*fixture.store, "body"))->keep();
    CHECK(order == std::vector<std::string>{"file before", "folder after"});
    // The second upload of the same bytes cannot know whether the first has flushed the folder.
    order.clear();
    fixture.tasks.run(test::store_body(*fixture.store, "body"))->keep();
    CHECK(order == std::vector<std::string>{"folder after"});
}

TEST_CASE("bytes whose file in place has another size are damaged, and stay for whoever repairs them") {
    StoreFixture fixture;
    const std::string body = sample_body(80'000);
    fixture.tasks.run(test::store_body(*fixture.store, body))->keep();
    const std::string hex = test::key_of(body).hex();
    const std::filesystem::path file = fixture.path / "blobs" / hex.substr(0, 2) / hex;
    std::filesystem::resize_file(file, 10);
    CHECK_THROWS_WITH(fixture.tasks.run(test::store_body(*fixture.store, body)), test::contains("damaged"));
    CHECK(std::filesystem::file_size(file) == 10);
    CHECK(eventually([&] { return fixture.spool_files().empty(); }));
    CHECK(fixture.store->has_room());
}

TEST_CASE("a symbolic link or a folder in a blob's place is not followed") {
    StoreFixture fixture;
    const std::string hex = test::key_of("body").hex();
    const std::filesystem::path file = fixture.path / "blobs" / hex.substr(0, 2) / hex;
    SECTION("link") { std::filesystem::create_symlink("/etc/passwd", file); }
    SECTION("folder") { std::filesystem::create_directory(file); }
    CHECK_THROWS_AS(fixture.tasks.run(fixture.store->open(test::key_of("body"))), base::StorageError);
    CHECK_THROWS_AS(fixture.tasks.run(test::store_body(*fixture.store, "body")), base::StorageError);
}

TEST_CASE("a blob that was opened once is opened again without a worker") {
    StoreFixture fixture;
    fixture.tasks.run(test::store_body(*fixture.store, "body"))->keep();
    const std::optional<media::OpenBlob> first = fixture.tasks.run(fixture.store->open(test::key_of("body")));
    const std::optional<media::OpenBlob> second =
        fixture.tasks.run(fixture.store->open(test::key_of("body")));
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(first->file.get() == second->file.get());
}

TEST_CASE("a full queue refuses the call and leaves nothing behind") {
    const std::size_t limit = 64;
    StoreFixture fixture({}, 1);
    std::unique_ptr<media::BlobWriter> writer = fixture.tasks.run(test::spool(*fixture.store, "body"));
    std::unique_ptr<media::BlobWriter> finished = fixture.tasks.run(test::spool(*fixture.store, "finished"));
    static_cast<void>(fixture.tasks.run(finished->finish()));
    std::promise<void> go_on;
    std::shared_future<void> may_go_on = go_on.get_future().share();
    std::atomic<bool> is_busy = false;
    fixture.workers.submit([&is_busy, may_go_on] {
        is_busy = true;
        may_go_on.wait();
    });
    REQUIRE(eventually([&] { return is_busy.load(); }));
    for (std::size_t i = 0; i < limit; ++i) fixture.workers.submit([] {});
    const std::string bytes = "more";
    CHECK_THROWS_AS(fixture.tasks.run(writer->write(std::as_bytes(std::span(bytes)))), base::Overloaded);
    CHECK_THROWS_AS(fixture.tasks.run(finished->store()), base::Overloaded);
    CHECK_THROWS_AS(fixture.tasks.run(fixture.store->create()), base::Overloaded);
    // With no worker to turn to, the files go at once.
    writer.reset();
    finished.reset();
    CHECK(fixture.spool_files().empty());
    go_on.set_value();
}

TEST_CASE("a full disk is reported as such, keeps what it has, and is used again once there is room") {
    const TinyDisk disk("size=2m");
    if (!disk.is_there()) {
        WARN("skipped: mounting a small tmpfs needs root");
        return;
    }
    test::TaskRunner tasks;
    async::WorkerPool workers(async::WorkerPoolConfig{.name = "disk", .threads = 2});
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    const std::unique_ptr<media::BlobStore> store = blobs::open_folder_store(
        {.path = disk.path() / "store", .min_free_space = base::ByteCount(0)}, workers, *metrics);
    const std::string kept = sample_body(500'000, 1);
    tasks.run(test::store_body(*store, kept))->keep();
    for (unsigned round = 0; round < 5; ++round) {
        CHECK_THROWS_AS(tasks.run(test::store_body(*store, sample_body(3'000'000, 2))), base::StorageFull);
        CHECK(eventually([&] { return test::files_below(disk.path() / "store" / "spool").empty(); }));
        const std::optional<media::OpenBlob> blob = tasks.run(store->open(test::key_of(kept)));
        REQUIRE(blob.has_value());
        CHECK(test::content_of(*blob) == kept);
        CHECK_NOTHROW(tasks.run(test::store_body(*store, sample_body(500'000, 3))).reset());
    }
    CHECK(test::files_below(disk.path() / "store" / "blobs").size() <= 2);
}

TEST_CASE("a disk without inodes has no room, and refuses an upload as full") {
    const TinyDisk disk("size=4m,nr_inodes=270");
    if (!disk.is_there()) {
        WARN("skipped: mounting a small tmpfs needs root");
        return;
    }
    test::TaskRunner tasks;
    async::WorkerPool workers(async::WorkerPoolConfig{.name = "disk", .threads = 2});
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    const blobs::FolderStoreConfig config{.path = disk.path() / "store",
                                          .min_free_space = base::ByteCount(0)};
    std::unique_ptr<media::BlobStore> store = blobs::open_folder_store(config, workers, *metrics);
    bool is_full = false;
    for (unsigned i = 0; i < 50 && !is_full; ++i) {
        try {
            tasks.run(test::store_body(*store, sample_body(100, i)))->keep();
        } catch (const base::StorageFull&) {
            is_full = true;
        }
    }
    CHECK(is_full);
    store.reset();
    for (int i = 0; i < 50; ++i) std::ofstream(disk.path() / ("filler" + std::to_string(i)));
    store = blobs::open_folder_store(config, workers, *metrics);
    CHECK_FALSE(store->has_room());
}
