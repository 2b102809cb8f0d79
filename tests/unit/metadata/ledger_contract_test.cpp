#include "support/catch.hpp"
#include "unit/metadata/scene.hpp"

namespace mxcd::metadata::test {

namespace {

constexpr std::int64_t largest = 9'223'372'036'854'775'807;

media::LimitRefusal limit_refusal(const media::ReserveOutcome& outcome) {
    REQUIRE(std::holds_alternative<media::LimitRefusal>(outcome));
    return std::get<media::LimitRefusal>(outcome);
}

media::QuotaRefusal quota_refusal(const media::ReserveOutcome& outcome) {
    REQUIRE(std::holds_alternative<media::QuotaRefusal>(outcome));
    return std::get<media::QuotaRefusal>(outcome);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("an upload that fills a window exactly fits, one byte more does not", "",
                        Implementations) {
    Scene<TestType> scene;
    scene.upload(60);
    CHECK(scene.fits(40, {limit(1h, 100)}));
    CHECK_FALSE(scene.fits(41, {limit(1h, 100)}));
}

TEMPLATE_LIST_TEST_CASE("boundary sizes are compared without wrapping", "", Implementations) {
    const std::int64_t size =
        GENERATE(std::int64_t{1}, std::int64_t{2'147'483'647}, std::int64_t{2'147'483'648},
                 std::int64_t{4'294'967'296}, std::int64_t{9'007'199'254'740'993}, largest);
    Scene<TestType> scene;
    CHECK(scene.fits(size, {limit(1h, size)}));
    CHECK_FALSE(scene.fits(size, {limit(1h, size - 1)}));
    scene.upload(size);
    CHECK(scene.sent(limit(1h, size)) == size);
    CHECK(scene.fits(0, {limit(1h, size)}));
    CHECK_FALSE(scene.fits(1, {limit(1h, size)}));
    CHECK_FALSE(scene.fits(largest, {limit(1h, largest)}));
    scene.on.clock.advance(1h);
    CHECK(scene.fits(size, {limit(1h, size)}));
}

TEMPLATE_LIST_TEST_CASE("totals beyond 63 bits leave later windows exact", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(largest);
    scene.on.clock.advance(2h);
    scene.upload(largest);
    CHECK(scene.sent(limit(1h, 1)) == largest);
    scene.on.clock.advance(2h);
    scene.upload(5);
    CHECK(scene.sent(limit(1h, 1)) == 5);
    CHECK(scene.fits(5, {limit(1h, 10)}));
    CHECK_FALSE(scene.fits(6, {limit(1h, 10)}));
}

TEMPLATE_LIST_TEST_CASE("zero bytes always fit the windows", "", Implementations) {
    Scene<TestType> scene;
    CHECK(scene.fits(0, {limit(1h, 0)}));
    CHECK_FALSE(scene.fits(1, {limit(1h, 0)}));
    scene.upload(100);
    CHECK(scene.fits(0, {limit(1h, 10)}));
    scene.upload(0);
    CHECK(scene.sent(limit(1h, 10)) == 100);
}

TEMPLATE_LIST_TEST_CASE("a window excludes its start", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(100);
    scene.on.clock.advance(1h - 1ms);
    CHECK_FALSE(scene.fits(1, {limit(1h, 100)}));
    scene.on.clock.advance(1ms);
    CHECK(scene.fits(100, {limit(1h, 100)}));
}

TEMPLATE_LIST_TEST_CASE("windows slide: what is old leaves, what is newer stays", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(30);
    scene.on.clock.advance(20min);
    scene.upload(50);
    scene.on.clock.advance(40min);
    CHECK(scene.sent(limit(1h, 100)) == 50);
    CHECK(scene.sent(limit(2h, 100)) == 80);
}

TEMPLATE_LIST_TEST_CASE("two uploads of one millisecond both count", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(30);
    scene.upload(40);
    CHECK(scene.sent(limit(1h, 100)) == 70);
}

TEMPLATE_LIST_TEST_CASE("an upload counts from the moment it completed", "", Implementations) {
    Scene<TestType> scene;
    media::Reservation reservation = scene.must_reserve(100);
    scene.on.clock.advance(50min);
    scene.settle(std::move(reservation), 100);
    scene.on.clock.advance(59min);
    CHECK(scene.sent(limit(1h, 100)) == 100);
}

TEMPLATE_LIST_TEST_CASE("users do not share windows", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(100, user("alice"));
    CHECK(scene.fits(100, {limit(1h, 100)}, user("bob")));
    CHECK_FALSE(scene.fits(1, {limit(1h, 100)}, user("alice")));
    CHECK(scene.fits(1, {limit(1h, 100)}, user("Alice")));
}

TEMPLATE_LIST_TEST_CASE("a reservation counts in every window until it ends", "", Implementations) {
    Scene<TestType> scene;
    std::optional<media::Reservation> reservation = scene.must_reserve(100);
    scene.on.clock.advance(3h);
    CHECK_FALSE(scene.fits(1, {limit(1h, 100)}));
    CHECK(limit_refusal(scene.reserve(1, {limit(1h, 100)})).sent == ByteCount(100));
    CHECK(scene.usage(limit(1h, 100)).reserved == ByteCount(100));
    CHECK(scene.usage(limit(1h, 100)).sent == ByteCount(0));
    reservation.reset();
    CHECK(scene.fits(100, {limit(1h, 100)}));
    CHECK(scene.usage(limit(1h, 100)).reserved == ByteCount(0));
}

TEMPLATE_LIST_TEST_CASE("a refusal reserves nothing in any window", "", Implementations) {
    Scene<TestType> scene;
    CHECK_FALSE(scene.fits(50, {limit(2h, 100), limit(1h, 49)}));
    CHECK(scene.fits(100, {limit(2h, 100)}));
}

TEMPLATE_LIST_TEST_CASE("releasing twice, or after settling, changes nothing", "", Implementations) {
    Scene<TestType> scene;
    media::Reservation reservation = scene.must_reserve(60);
    const media::ReservationId settled = scene.must_reserve(10).id();  // released by its destructor
    scene.on.ledger().release(settled);
    CHECK(scene.usage(limit(1h, 100)).reserved == ByteCount(60));
    const media::ReservationId id = reservation.id();
    scene.settle(std::move(reservation), 60);
    scene.on.ledger().release(id);
    CHECK(scene.sent(limit(1h, 100)) == 60);
    CHECK(scene.usage(limit(1h, 100)).reserved == ByteCount(0));
}

TEMPLATE_LIST_TEST_CASE("of several broken limits the longest period is told, of equal ones the first", "",
                        Implementations) {
    Scene<TestType> scene;
    scene.upload(30);
    const media::UploadLimit day = limit(24h, 50);
    const media::UploadLimit week = limit(24h * 7, 150);
    CHECK(limit_refusal(scene.reserve(40, {day, week})).limit == day);
    const media::LimitRefusal both = limit_refusal(scene.reserve(200, {day, week}));
    CHECK(both.limit == week);
    CHECK(both.sent == ByteCount(30));
    media::UploadLimit same_as_day = limit(24h, 40);
    CHECK(limit_refusal(scene.reserve(40, {same_as_day, day})).limit == same_as_day);
    CHECK(limit_refusal(scene.reserve(40, {day, same_as_day})).limit == day);
}

TEMPLATE_LIST_TEST_CASE("a refusal carries the whole limit and the sum of exactly that window", "",
                        Implementations) {
    Scene<TestType> scene;
    scene.upload(1000);
    scene.on.clock.advance(2h);
    scene.upload(30);
    media::Reservation in_flight = scene.must_reserve(7);
    const media::UploadLimit hour{1h, ByteCount(50), "https://example.org/limits", true};
    const media::LimitRefusal refusal = limit_refusal(scene.reserve(40, {hour}));
    CHECK(refusal.limit == hour);
    CHECK(refusal.sent == ByteCount(37));
}

TEMPLATE_LIST_TEST_CASE("a refusal tells when the upload will fit, and then it fits", "", Implementations) {
    Scene<TestType> scene;
    for (int i = 0; i < 10; ++i) {
        scene.upload(10);
        scene.on.clock.advance(1min);
    }
    const std::vector<media::UploadLimit> limits{limit(1h, 100), limit(30min, 100)};
    const std::int64_t size = GENERATE(1, 10, 11, 55, 99, 100);
    const std::optional<base::TimePoint> room_at = limit_refusal(scene.reserve(size, limits)).room_at;
    REQUIRE(room_at);
    scene.on.clock.advance(*room_at - scene.on.clock.now() - 1ms);
    CHECK_FALSE(scene.fits(size, limits));
    scene.on.clock.advance(1ms);
    CHECK(scene.fits(size, limits));
}

TEMPLATE_LIST_TEST_CASE("a refusal promises nothing when there will never be room", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(10);
    CHECK_FALSE(limit_refusal(scene.reserve(101, {limit(1h, 100)})).room_at);
    CHECK_FALSE(limit_refusal(scene.reserve(101, {limit(2h, 105), limit(1h, 100)})).room_at);
    CHECK_FALSE(limit_refusal(scene.reserve(95, {limit(std::chrono::milliseconds(largest), 100)})).room_at);
    media::Reservation staying = scene.must_reserve(50);
    CHECK_FALSE(limit_refusal(scene.reserve(51, {limit(1h, 100)})).room_at);
    CHECK(limit_refusal(scene.reserve(50, {limit(1h, 100)})).room_at);
}

TEMPLATE_LIST_TEST_CASE("checking says what reserving would, and reserves nothing", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(100);
    const std::vector<media::UploadLimit> limits{limit(1h, 100)};
    const auto refusal = scene.runner.run(scene.on.ledger().check({user(), ByteCount(1), limits, {}}));
    REQUIRE(refusal);
    CHECK(refusal->sent == ByteCount(100));
    scene.on.clock.advance(1h);
    CHECK_FALSE(scene.runner.run(scene.on.ledger().check({user(), ByteCount(100), limits, {}})));
    CHECK(scene.usage(limits[0]).reserved == ByteCount(0));
}

TEMPLATE_LIST_TEST_CASE("usage tells when the oldest bytes leave the window", "", Implementations) {
    Scene<TestType> scene;
    CHECK_FALSE(scene.usage(limit(1h, 100)).next_room_at);
    const base::TimePoint first = scene.on.clock.now();
    scene.upload(10);
    scene.on.clock.advance(10min);
    const base::TimePoint second = scene.on.clock.now();
    scene.upload(20);
    CHECK(scene.usage(limit(1h, 100)).next_room_at == first + 1h);
    scene.on.clock.advance(50min);
    CHECK(scene.usage(limit(1h, 100)).next_room_at == second + 1h);
}

TEMPLATE_LIST_TEST_CASE("a clock that goes back opens no window early and closes none", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(60);
    scene.on.clock.advance(30min);
    scene.on.clock.jump_wall(-24h);
    CHECK_FALSE(scene.fits(41, {limit(1h, 100)}));
    scene.upload(40);
    CHECK(scene.sent(limit(1h, 100)) == 100);
    CHECK_FALSE(scene.fits(1, {limit(1h, 100)}));
}

TEMPLATE_LIST_TEST_CASE("a clock that leaps forward does not empty the windows", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(100);
    scene.on.clock.jump_wall(24h);
    CHECK_FALSE(scene.fits(1, {limit(1h, 100)}));
}

TEMPLATE_LIST_TEST_CASE("quotas count what is stored and what is in flight, after the windows", "",
                        Implementations) {
    Scene<TestType> scene;
    scene.upload(60);
    scene.on.clock.advance(24h * 1000);
    const media::StorageQuota bytes{ByteCount(100), std::nullopt};
    CHECK(std::holds_alternative<media::Reservation>(scene.reserve_with_quota(40, bytes)));
    const media::QuotaRefusal refusal = quota_refusal(scene.reserve_with_quota(41, bytes));
    CHECK(refusal.quota == bytes);
    CHECK(refusal.stored == ByteCount(60));
    CHECK(refusal.files == 1);
    media::Reservation in_flight = scene.must_reserve(30);
    CHECK(quota_refusal(scene.reserve_with_quota(11, bytes)).stored == ByteCount(90));
    const media::StorageQuota files{std::nullopt, 2};
    CHECK(quota_refusal(scene.reserve_with_quota(0, files)).files == 2);
    auto both = scene.runner.run(scene.on.ledger().reserve({user(), ByteCount(11), {limit(1h, 1)}, {bytes}}));
    CHECK(std::holds_alternative<media::LimitRefusal>(both));
}

}  // namespace mxcd::metadata::test
