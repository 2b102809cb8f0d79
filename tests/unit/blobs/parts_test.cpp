// The parts of a folder store that can be wrong on their own.

#include "mxcd/base/errors.hpp"

#include "blobs/errands.hpp"
#include "blobs/folder_flusher.hpp"
#include "blobs/free_space.hpp"
#include "blobs/open_cache.hpp"
#include "blobs/pin_table.hpp"
#include "blobs/spool_name.hpp"
#include "store_fixture.hpp"
#include "support/eventually.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <future>
#include <thread>

using namespace mxcd;
using blobs::Ending;
using std::chrono::seconds;

namespace {

media::OpenBlob open_nothing(std::int64_t size) {
    return {std::make_shared<const base::UniqueFd>(), base::ByteCount(size)};
}

/// A flush that tells when it has begun and ends when it is told to.
struct SlowFlush {
    std::atomic<int> begun = 0;
    std::atomic<int> allowed = 0;
    void operator()() {
        const int number = ++begun;
        if (!test::eventually([&] { return allowed >= number; }))
            throw std::runtime_error("nobody allowed a flush");
    }
};

class SeenGauge final : public base::Gauge {
  public:
    void set(double value) override { seen = value; }
    void add(double) override {}
    double seen = -1;
};

}  // namespace

TEST_CASE("the last failed upload of bytes that were created here must remove them, once") {
    blobs::PinTable pins;
    const media::BlobKey key = test::key_of("a");
    pins.pin(key);
    pins.pin(key);
    pins.mark_unclaimed(key);
    CHECK_FALSE(pins.release(key, Ending::failed));
    CHECK(pins.release(key, Ending::failed));
    pins.finish_removal(key);
    CHECK(pins.size() == 0);
}

TEST_CASE("bytes that were there before, or that one upload kept, are never removed") {
    blobs::PinTable pins;
    const media::BlobKey key = test::key_of("a");
    SECTION("there before") {
        pins.pin(key);
        CHECK_FALSE(pins.release(key, Ending::failed));
    }
    SECTION("kept by the first, failed by the second") {
        pins.pin(key);
        pins.mark_unclaimed(key);
        pins.pin(key);
        CHECK_FALSE(pins.release(key, Ending::kept));
        CHECK_FALSE(pins.release(key, Ending::failed));
    }
    SECTION("failed by the first, kept by the second") {
        pins.pin(key);
        pins.mark_unclaimed(key);
        pins.pin(key);
        CHECK_FALSE(pins.release(key, Ending::failed));
        CHECK_FALSE(pins.release(key, Ending::kept));
    }
    CHECK(pins.size() == 0);
}

TEST_CASE("a deletion takes bytes only when no upload is in flight and none was kept since it looked") {
    blobs::PinTable pins;
    const media::BlobKey key = test::key_of("a");
    pins.watch(key);
    const std::uint64_t before = pins.kept_count(key);
    pins.pin(key);
    CHECK_FALSE(pins.begin_removal(key, before));
    CHECK_FALSE(pins.release(key, Ending::kept));
    CHECK_FALSE(pins.begin_removal(key, before));
    CHECK(pins.begin_removal(key, pins.kept_count(key)));
    CHECK_FALSE(pins.begin_removal(key, pins.kept_count(key)));
    pins.finish_removal(key);
    pins.unwatch(key);
    CHECK(pins.size() == 0);
}

TEST_CASE("a failed upload takes the bytes that it brought along although a deletion watches them") {
    blobs::PinTable pins;
    const media::BlobKey key = test::key_of("a");
    pins.watch(key);
    pins.pin(key);
    pins.mark_unclaimed(key);
    CHECK(pins.release(key, Ending::failed));
    pins.finish_removal(key);
    pins.unwatch(key);
    CHECK(pins.size() == 0);
}

TEST_CASE("a pin waits for the removal of the same bytes") {
    blobs::PinTable pins;
    const media::BlobKey key = test::key_of("a");
    pins.pin(key);
    pins.mark_unclaimed(key);
    REQUIRE(pins.release(key, Ending::failed));
    std::future<void> pinned = std::async(std::launch::async, [&] { pins.pin(key); });
    CHECK(pinned.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
    pins.finish_removal(key);
    CHECK(pinned.wait_for(seconds(5)) == std::future_status::ready);
    // The new pin knows nothing of the old creation.
    CHECK_FALSE(pins.release(key, Ending::failed));
}

TEST_CASE("the open cache forgets what was not used for longest") {
    blobs::OpenCache cache(2);
    const media::BlobKey a = test::key_of("a");
    const media::BlobKey b = test::key_of("b");
    const media::BlobKey c = test::key_of("c");
    cache.add(a, open_nothing(1));
    cache.add(b, open_nothing(2));
    CHECK(cache.find(a)->size == base::ByteCount(1));
    cache.add(c, open_nothing(3));
    CHECK(cache.find(a).has_value());
    CHECK_FALSE(cache.find(b).has_value());
    CHECK(cache.find(c)->size == base::ByteCount(3));
    cache.erase(a);
    CHECK_FALSE(cache.find(a).has_value());
}

TEST_CASE("a file that the cache forgot stays open for who reads it") {
    blobs::OpenCache cache(1);
    const media::BlobKey a = test::key_of("a");
    cache.add(a, {std::make_shared<const base::UniqueFd>(::open("/dev/zero", O_RDONLY | O_CLOEXEC)),
                  base::ByteCount(1)});
    const std::optional<media::OpenBlob> held = cache.find(a);
    cache.add(test::key_of("b"), open_nothing(2));
    CHECK_FALSE(cache.find(a).has_value());
    CHECK(fcntl(held->file->get(), F_GETFD) >= 0);
}

TEST_CASE("those who come while a folder is being flushed share the next flush") {
    SlowFlush flush;
    blobs::FolderFlusher flusher([&](std::size_t) { flush(); });
    std::vector<std::future<void>> callers;
    callers.push_back(std::async(std::launch::async, [&] { flusher.flush(7); }));
    REQUIRE(test::eventually([&] { return flush.begun == 1; }));
    std::atomic<int> arriving = 0;
    for (int i = 0; i < 5; ++i) {
        callers.push_back(std::async(std::launch::async, [&] {
            ++arriving;
            flusher.flush(7);
        }));
    }
    REQUIRE(test::eventually([&] { return arriving == 5; }));
    // The running flush began before they came, so its end must not let any of them go.
    CHECK(callers.back().wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
    flush.allowed = 1;
    REQUIRE(test::eventually([&] { return flush.begun == 2; }));
    CHECK(callers.front().wait_for(seconds(5)) == std::future_status::ready);
    CHECK(callers.back().wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
    flush.allowed = 100;
    for (std::future<void>& caller : callers) caller.get();
    CHECK(flush.begun == 2);
}

TEST_CASE("a flush of another folder waits for nobody") {
    SlowFlush flush;
    blobs::FolderFlusher flusher([&](std::size_t shard) {
        if (shard == 1) flush();
    });
    std::future<void> slow = std::async(std::launch::async, [&] { flusher.flush(1); });
    REQUIRE(test::eventually([&] { return flush.begun == 1; }));
    CHECK_NOTHROW(flusher.flush(2));
    flush.allowed = 1;
    slow.get();
}

TEST_CASE("nobody is told that a failed flush succeeded") {
    SlowFlush flush;
    blobs::FolderFlusher flusher([&](std::size_t) {
        flush();
        throw base::StorageError("EIO");
    });
    std::vector<std::future<void>> callers;
    callers.push_back(std::async(std::launch::async, [&] { flusher.flush(0); }));
    REQUIRE(test::eventually([&] { return flush.begun == 1; }));
    for (int i = 0; i < 4; ++i) callers.push_back(std::async(std::launch::async, [&] { flusher.flush(0); }));
    // Time for the others to queue up behind the first; those who come later only make the test weaker.
    CHECK(callers.back().wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
    flush.allowed = 100;
    for (std::future<void>& caller : callers) CHECK_THROWS_AS(caller.get(), base::StorageError);
}

TEST_CASE("free space is asked for at most once a second") {
    const test::TempFolder folder;
    const base::UniqueFd opened(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    SeenGauge gauge;
    blobs::FreeSpace space(opened.get(), base::ByteCount(0), gauge);
    const blobs::FreeSpace::Moment start = blobs::FreeSpace::Moment() + seconds(1000);
    CHECK(space.has_room(start));
    CHECK(gauge.seen > 0);
    gauge.seen = -1;
    CHECK(space.has_room(start + std::chrono::milliseconds(999)));
    CHECK(gauge.seen == -1);
    CHECK(space.has_room(start + seconds(1)));
    CHECK(gauge.seen > 0);
}

TEST_CASE("a file system below the floor has no room") {
    const test::TempFolder folder;
    const base::UniqueFd opened(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    SeenGauge gauge;
    blobs::FreeSpace space(opened.get(), base::ByteCount::max(), gauge);
    CHECK_FALSE(space.has_room(std::chrono::steady_clock::now()));
}

TEST_CASE("an errand runs at once when the queue of the workers is full") {
    async::WorkerPool workers(async::WorkerPoolConfig{.name = "disk", .threads = 1, .queue_limit = 1});
    std::promise<void> go_on;
    std::shared_future<void> may_go_on = go_on.get_future().share();
    std::atomic<bool> is_busy = false;
    workers.submit([&is_busy, may_go_on] {
        is_busy = true;
        may_go_on.wait();
    });
    REQUIRE(test::eventually([&] { return is_busy.load(); }));
    std::atomic<int> done = 0;
    {
        blobs::Errands errands(workers);
        errands.run([&] { ++done; });
        CHECK(done == 0);
        const std::thread::id here = std::this_thread::get_id();
        std::thread::id ran_on;
        errands.run([&] { ran_on = std::this_thread::get_id(); });
        CHECK(ran_on == here);
        go_on.set_value();
    }
    CHECK(done == 1);
}

TEST_CASE("spool names say what they stand for") {
    const std::unique_ptr<base::RandomSource> random = base::make_system_random();
    const media::BlobKey key = test::key_of("a");
    const std::string plain = blobs::new_spool_name(*random);
    const std::string placed = blobs::placed_spool_name(key, plain);
    CHECK(blobs::is_spool_name(plain));
    CHECK_FALSE(blobs::key_in_spool_name(plain).has_value());
    CHECK(blobs::key_in_spool_name(placed) == key);
    CHECK_FALSE(blobs::is_spool_name(placed));
    for (const std::string& odd :
         {std::string("notes.txt"), std::string(), plain + "x", key.hex(), key.hex() + ".", "x" + placed,
          std::string(64, 'g') + "." + plain, std::string("../") + plain}) {
        CAPTURE(odd);
        CHECK_FALSE(blobs::is_spool_name(odd));
        CHECK_FALSE(blobs::key_in_spool_name(odd).has_value());
    }
}
