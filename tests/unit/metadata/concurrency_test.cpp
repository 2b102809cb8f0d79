#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task_group.hpp"

#include "support/catch.hpp"
#include "unit/metadata/held_database.hpp"
#include "unit/metadata/scene.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace mxcd::metadata::test {

namespace {

/// Several io threads and the tasks on them; made before the scene, whose database's thread posts to them.
class Crowd {
  public:
    Crowd() { threads_.start(); }
    ~Crowd() {
        group_.cancel();
        static_cast<void>(group_.wait_until_empty(30s));
        threads_.stop();
    }
    void spawn(async::Task<> task) {
        group_.spawn(threads_.executor(next_++ % threads_.size()), std::move(task));
    }
    [[nodiscard]] bool wait() { return group_.wait_until_empty(60s); }

  private:
    async::TaskGroup group_;
    async::IoThreads threads_{4};
    std::size_t next_ = 0;
};

struct Count {
    std::atomic<int> accepted = 0;
    std::atomic<int> refused = 0;
    std::atomic<int> failed = 0;
};

async::Task<> no_work() { co_return; }

async::Task<> settle(OnSqlite& on, media::Reservation reservation, media::MediaRecord row, Count& count) {
    try {
        co_await on.store().record_upload(std::move(row), reservation.id());
        reservation.settled();
        ++count.accepted;
    } catch (const base::StorageError&) {
        ++count.failed;
    }
}

async::Task<> upload(OnSqlite& on, media::ReserveRequest request, media::MediaRecord row, Count& count) {
    media::ReserveOutcome outcome = co_await on.ledger().reserve(std::move(request));
    if (media::Reservation* reservation = std::get_if<media::Reservation>(&outcome)) {
        co_await settle(on, std::move(*reservation), std::move(row), count);
    } else {
        ++count.refused;
    }
}

/// Like upload(), but gives up after the reservation when `gives_up`.
async::Task<> upload_or_give_up(OnSqlite& on, media::ReserveRequest request, media::MediaRecord row,
                                bool gives_up, Count& count) {
    if (!gives_up) {
        co_await upload(on, std::move(request), std::move(row), count);
        co_return;
    }
    const media::ReserveOutcome outcome = co_await on.ledger().reserve(std::move(request));
    if (!std::holds_alternative<media::Reservation>(outcome)) ++count.refused;
}

async::Task<> back_up_again(OnSqlite& on, Count& count) {
    try {
        co_await on.store().back_up(on.folder() / "second.db", [](double) {});
        ++count.accepted;
    } catch (const base::StorageError&) {
        ++count.failed;
    }
}

}  // namespace

TEST_CASE("sixty-four uploads against room for N: exactly N are accepted, 200 times over") {
    Crowd crowd;
    OnSqlite on;
    constexpr int rounds = 200;
    constexpr int tasks = 64;
    int wrong_rounds = 0;
    for (int round = 0; round < rounds; ++round) {
        const matrix::UserId who = user("round" + std::to_string(round));
        const int room_for = round % tasks + 1;
        const std::vector<media::UploadLimit> limits{limit(24h, 7 * room_for), limit(1h, 7 * room_for + 6)};
        Count count;
        for (int i = 0; i < tasks; ++i) {
            media::MediaRecord row = record(who, "r" + std::to_string(round) + "-" + std::to_string(i), 7);
            crowd.spawn(upload(on, {who, ByteCount(7), limits, {}}, std::move(row), count));
        }
        REQUIRE(crowd.wait());
        if (count.accepted != room_for || count.refused != tasks - room_for || count.failed != 0)
            ++wrong_rounds;
    }
    CHECK(wrong_rounds == 0);
}

TEST_CASE("uploads that give up leave their room to others and never let too many through") {
    Crowd crowd;
    Scene<OnSqlite> scene;
    const std::vector<media::UploadLimit> limits{limit(24h, 100)};
    Count count;
    for (int i = 0; i < 2000; ++i) {
        media::MediaRecord row = record(user(), "i" + std::to_string(i), 10);
        crowd.spawn(upload_or_give_up(scene.on, {user(), ByteCount(10), limits, {}}, std::move(row),
                                      i % 3 != 0, count));
    }
    REQUIRE(crowd.wait());
    CHECK(count.accepted <= 10);
    CHECK(count.failed == 0);
    while (scene.fits(10, limits)) scene.upload(10);
    CHECK(scene.sent(limits[0]) == 100);
    CHECK(scene.usage(limits[0]).reserved == ByteCount(0));
}

TEST_CASE("writes that wait are committed together, and one that fails does not harm the others") {
    Scene<OnSqlite> scene;
    scene.upload(10);  // takes media1
    Count count;
    async::TaskGroup& group = scene.runner.group();
    std::vector<media::Reservation> reservations;
    for (int i = 0; i < 100; ++i) reservations.push_back(scene.must_reserve(10));
    HeldDatabase held(scene, "copy.db");
    for (std::size_t i = 0; i < reservations.size(); ++i) {
        const std::string id = i % 10 == 9 ? "media1" : "new" + std::to_string(i);
        group.spawn(scene.runner.executor(),
                    settle(scene.on, std::move(reservations[i]), record(user(), id, 10), count));
    }
    scene.runner.run(no_work());  // behind the tasks: all of them have asked
    held.let_go();
    held.wait_for_end();
    REQUIRE(group.wait_until_empty(30s));
    CHECK(scene.on.metrics().largest("mxcd_database_group_size") == 100);
    CHECK(count.accepted == 90);
    CHECK(count.failed == 10);
    CHECK(scene.sent(limit(1h, 1)) == 910);
    CHECK(scene.usage(limit(1h, 1)).reserved == ByteCount(0));
}

TEST_CASE("a backup taken while uploads run holds everything acknowledged before it") {
    Crowd crowd;
    Scene<OnSqlite> scene;
    Count before;
    const std::string body(8000, 'b');
    for (int i = 0; i < 1000; ++i) {
        media::ReserveRequest request{user(), ByteCount(8000), {}, {}};
        crowd.spawn(upload(scene.on, std::move(request), inline_record(user(), "b" + std::to_string(i), body),
                           before));
    }
    REQUIRE(crowd.wait());
    REQUIRE(before.accepted == 1000);
    Count during;
    for (int i = 0; i < 1000; ++i) {
        media::ReserveRequest request{user(), ByteCount(8000), {}, {}};
        crowd.spawn(upload(scene.on, std::move(request), inline_record(user(), "d" + std::to_string(i), body),
                           during));
    }
    int steps = 0;
    const std::filesystem::path copy = scene.on.folder() / "copy.db";
    scene.runner.run(scene.on.store().back_up(copy, [&steps](double) { ++steps; }));
    REQUIRE(crowd.wait());
    CHECK(during.accepted == 1000);
    CHECK(steps > 5);

    const ManualClock clock;
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    const auto restored = open_sqlite({.path = copy}, clock, *metrics);
    int missing = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto found = scene.runner.run(restored->metadata().find(media_id("b" + std::to_string(i))));
        if (!found || *found->inline_body != body) ++missing;
    }
    CHECK(missing == 0);
    const auto usage = scene.runner.run(restored->ledger().usage(user(), {limit(1h, 1)}));
    CHECK(usage.at(0).sent >= ByteCount(8'000'000));
}

TEST_CASE("a backup that fails leaves no file and no damage") {
    Scene<OnSqlite> scene;
    scene.upload(10);
    const std::filesystem::path copy = scene.on.folder() / "copy.db";
    const auto refuse = [](double) { throw base::StorageError("enough"); };
    CHECK_THROWS_AS(scene.runner.run(scene.on.store().back_up(copy, refuse)), base::StorageError);
    CHECK_FALSE(std::filesystem::exists(copy));
    CHECK_THROWS_AS(
        scene.runner.run(scene.on.store().back_up(scene.on.folder() / "no" / "copy.db", [](double) {})),
        base::StorageError);
    CHECK_NOTHROW(scene.runner.run(scene.on.store().back_up(copy, [](double) {})));
    scene.upload(10);
    CHECK(scene.sent(limit(1h, 1)) == 20);
}

TEST_CASE("a second backup is refused while the first one runs") {
    Scene<OnSqlite> scene;
    const std::string body(30'000, 'b');
    for (int i = 0; i < 100; ++i) {
        media::Reservation reservation = scene.must_reserve(30'000);
        const media::MediaRecord row = inline_record(user(), "b" + std::to_string(i), body);
        scene.runner.run(scene.on.store().record_upload(row, reservation.id()));
        reservation.settled();
    }
    HeldDatabase held(scene, "first.db");
    Count count;
    scene.runner.group().spawn(scene.runner.executor(), back_up_again(scene.on, count));
    scene.runner.run(no_work());  // behind the task: it has asked
    held.let_go();
    held.wait_for_end();
    REQUIRE(scene.runner.group().wait_until_empty(30s));
    CHECK(count.failed == 1);
    CHECK(std::filesystem::exists(scene.on.folder() / "first.db"));
    CHECK_FALSE(std::filesystem::exists(scene.on.folder() / "second.db"));
}

}  // namespace mxcd::metadata::test
