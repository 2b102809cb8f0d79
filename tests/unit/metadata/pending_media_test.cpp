#include "mxcd/base/errors.hpp"

#include "metadata/sqlite.hpp"
#include "support/catch.hpp"
#include "unit/metadata/scene.hpp"

#include <filesystem>

namespace mxcd::metadata::test {

namespace {

template <class Implementation>
struct PendingScene : Scene<Implementation> {
    media::CreateOutcome create(const std::string& id, std::int64_t max_pending = 5,
                                const matrix::UserId& who = user()) {
        return this->runner.run(this->on.pending().create({media_id(id), who, 1h, max_pending}));
    }
    bool is_created(const std::string& id, std::int64_t max_pending = 5, const matrix::UserId& who = user()) {
        return std::holds_alternative<media::Created>(create(id, max_pending, who));
    }
    media::ClaimOutcome claim(const std::string& id, const matrix::UserId& who = user()) {
        return this->runner.run(this->on.pending().claim(media_id(id), who));
    }
    std::optional<media::ClaimRefusal> refusal(const std::string& id, const matrix::UserId& who = user()) {
        const media::ClaimOutcome outcome = claim(id, who);
        if (const auto* const refused = std::get_if<media::ClaimRefusal>(&outcome)) return *refused;
        return std::nullopt;
    }
    void fill(const std::string& id, std::int64_t size) {
        media::Reservation reservation = this->must_reserve(size);
        this->runner.run(this->on.pending().fill(record(user(), id, size), reservation.id()));
        reservation.settled();
    }
    std::optional<base::TimePoint> expiry(const std::string& id) {
        return this->runner.run(this->on.pending().expiry_of(media_id(id)));
    }
};

using media::ClaimRefusal;

}  // namespace

TEMPLATE_LIST_TEST_CASE("a created ID is pending until it expires", "", Implementations) {
    PendingScene<TestType> scene;
    const base::TimePoint in_an_hour = scene.on.clock.now() + 1h;
    CHECK(std::get<media::Created>(scene.create("one")).expires_at == in_an_hour);
    CHECK(scene.expiry("one") == in_an_hour);
    CHECK_FALSE(scene.expiry("two"));
    CHECK_FALSE(scene.runner.run(scene.on.store().find(media_id("one"))));
    scene.on.clock.advance(1h);
    CHECK_FALSE(scene.expiry("one"));
    CHECK(scene.refusal("one") == ClaimRefusal::unknown);
}

TEMPLATE_LIST_TEST_CASE("a user has so many pending IDs and no more", "", Implementations) {
    PendingScene<TestType> scene;
    CHECK(scene.is_created("one", 2));
    scene.on.clock.advance(20min);
    CHECK(scene.is_created("two", 2));
    CHECK(std::get<media::TooManyPending>(scene.create("three", 2)).wait == 40min);
    CHECK_FALSE(scene.expiry("three"));
    CHECK(scene.is_created("bobs", 2, user("bob")));
    scene.on.clock.advance(40min);
    CHECK(scene.is_created("three", 2));
    CHECK_FALSE(scene.is_created("four", 2));
    CHECK(scene.is_created("four", 3));
    CHECK(std::get<media::TooManyPending>(scene.create("none", 0)).wait > 0ms);
}

TEMPLATE_LIST_TEST_CASE("an ID is claimed by its creator, once at a time", "", Implementations) {
    PendingScene<TestType> scene;
    REQUIRE(scene.is_created("one"));
    CHECK(scene.refusal("two") == ClaimRefusal::unknown);
    CHECK(scene.refusal("one", user("bob")) == ClaimRefusal::not_owner);
    {
        const media::ClaimOutcome claim = scene.claim("one");
        CHECK(std::get<media::PendingClaim>(claim).id() == media_id("one"));
        CHECK(scene.refusal("one") == ClaimRefusal::claimed);
        CHECK(scene.refusal("one", user("bob")) == ClaimRefusal::not_owner);
    }
    CHECK_FALSE(scene.refusal("one"));
}

TEMPLATE_LIST_TEST_CASE("a filled ID is media like any other, and pending no more", "", Implementations) {
    PendingScene<TestType> scene;
    REQUIRE(scene.is_created("one", 1));
    {
        const media::ClaimOutcome claim = scene.claim("one");
        scene.fill("one", 7);
        CHECK(scene.refusal("one") == ClaimRefusal::has_content);
    }
    CHECK(scene.refusal("one") == ClaimRefusal::has_content);
    CHECK(scene.refusal("one", user("bob")) == ClaimRefusal::not_owner);
    CHECK_FALSE(scene.expiry("one"));
    CHECK(scene.runner.run(scene.on.store().find(media_id("one")))->size == ByteCount(7));
    CHECK(scene.sent(limit(1h, 100)) == 7);
    CHECK(scene.is_created("two", 1));
}

TEMPLATE_LIST_TEST_CASE("what is not pending cannot be filled, and charges nothing", "", Implementations) {
    PendingScene<TestType> scene;
    media::Reservation reservation = scene.must_reserve(5);
    CHECK_THROWS_AS(scene.runner.run(scene.on.pending().fill(record(user(), "never", 5), reservation.id())),
                    base::StorageError);
    REQUIRE(scene.is_created("bobs", 5, user("bob")));
    CHECK_THROWS_AS(scene.runner.run(scene.on.pending().fill(record(user(), "bobs", 5), reservation.id())),
                    base::StorageError);
    CHECK(scene.sent(limit(1h, 100)) == 0);
    CHECK(scene.usage(limit(1h, 100)).reserved == ByteCount(5));
    CHECK_FALSE(scene.runner.run(scene.on.store().find(media_id("never"))));
}

TEMPLATE_LIST_TEST_CASE("an ID that expires while it is claimed can still be filled", "", Implementations) {
    PendingScene<TestType> scene;
    REQUIRE(scene.is_created("one"));
    const media::ClaimOutcome claim = scene.claim("one");
    scene.on.clock.advance(2h);
    REQUIRE(scene.is_created("two"));  // sweeps
    scene.fill("one", 7);
    CHECK(scene.runner.run(scene.on.store().find(media_id("one"))));
}

TEST_CASE("a restart keeps pending IDs") {
    PendingScene<OnSqlite> scene;
    REQUIRE(scene.is_created("one"));
    scene.on.reopen();
    CHECK(scene.expiry("one"));
    CHECK_FALSE(scene.refusal("one"));
}

TEST_CASE("expired IDs are swept when others are created, a bounded number at a time") {
    PendingScene<OnSqlite> scene;
    int copies = 0;
    const auto rows = [&scene, &copies] {
        const std::filesystem::path copy = scene.on.folder() / ("copy" + std::to_string(++copies));
        scene.runner.run(scene.on.store().back_up(copy, [](double) {}));
        Connection connection(copy, SQLITE_OPEN_READWRITE);
        return connection.ask("SELECT COUNT(*) FROM pending_media");
    };
    for (int i = 0; i < 100; ++i) REQUIRE(scene.is_created("old" + std::to_string(i), 1000));
    scene.on.clock.advance(1h);
    REQUIRE(scene.is_created("new1"));
    CHECK(rows() == "69");
    for (int i = 2; i <= 4; ++i) REQUIRE(scene.is_created("new" + std::to_string(i)));
    CHECK(rows() == "4");
}

}  // namespace mxcd::metadata::test
