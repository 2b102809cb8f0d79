#include "mxcd/base/errors.hpp"
#include "mxcd/media/uploads.hpp"

#include "upload_house.hpp"

#include <limits>

using namespace mxcd;
using namespace mxcd::test;

namespace {

/// The limits that Synapse's own tests use: 1 K a day, 3 K a week.
struct LimitedHouse : UploadHouse {
    LimitedHouse() { policy.limits = {limit(day, 1024), limit(7 * day, 3072)}; }
};

/// user1 has limits of its own, shortest first; user2 has none at all; user3 has the configured ones.
class PerUserLimits final : public media::MediaModule {
  public:
    [[nodiscard]] bool answers_at_once() const override { return true; }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount) override {
        if (user.text() == "@user1:test") co_return std::vector{limit(day, 5000), limit(7 * day, 15000)};
        if (user.text() == "@user2:test") co_return std::vector<media::UploadLimit>();
        co_return std::nullopt;
    }
};

struct OverridingHouse : LimitedHouse {
    OverridingHouse() {
        std::vector<media::ChainEntry> entries;
        entries.push_back({"limits", std::make_shared<PerUserLimits>()});
        entries.push_back({"listener", listener});
        policy.modules = std::make_shared<media::ModuleChain>(std::move(entries), runner.group(), metrics);
    }
    std::shared_ptr<ScriptedModule> listener = std::make_shared<ScriptedModule>();
    matrix::UserId user1 = user("@user1:test");
    matrix::UserId user2 = user("@user2:test");
    matrix::UserId user3 = user("@user3:test");

    void require_told(std::size_t count, const media::UploadLimit& limit, std::int64_t sent,
                      std::int64_t attempted) {
        REQUIRE(eventually([&] { return listener->events().size() == count; }));
        const media::LimitEvent heard = listener->events().back();
        CHECK(heard.limit == limit);
        CHECK(heard.sent.value() == sent);
        CHECK(heard.attempted.value() == attempted);
    }
};

async::Task<> store_into(media::Uploads& uploads, media::UploadRequest request, bool& is_refused) {
    try {
        co_await uploads.store(std::move(request));
    } catch (const media::UploadLimitExceeded&) {
        is_refused = true;
    }
}

}  // namespace

TEST_CASE("an upload under the limit passes") {
    LimitedHouse house;
    house.upload(67);
    CHECK(house.sent() == 67_B);
}

TEST_CASE("an upload over the day's limit is refused, and the body is not read") {
    LimitedHouse house;
    house.upload(500);
    ScriptedBody body(std::string(800, '0'));
    CHECK_THROWS_AS(house.runner.run(house.open().store(house.request(body, 800_B))),
                    media::UploadLimitExceeded);
    CHECK(body.reads() == 0);
    CHECK(house.sent() == 500_B);
    CHECK(house.metrics.value("mxcd_upload_refusals_total{reason=limit}") == 1);
}

TEST_CASE("a window excludes its start: what is exactly a day old no longer counts") {
    LimitedHouse house;
    house.upload(500);
    house.clock.advance(day - 1ms);
    CHECK(house.refusal_of(800).limit == limit(day, 1024));
    house.clock.advance(1ms);
    house.upload(800);
    house.clock.advance(day);
    house.upload(800);
}

TEST_CASE("an upload over the week's limit is refused until the week has passed") {
    LimitedHouse house;
    house.upload(900);
    house.clock.advance(day);
    house.upload(900);
    house.clock.advance(2 * day);
    house.upload(900);
    house.clock.advance(2 * day);
    const media::LimitRefusal refusal = house.refusal_of(900);
    CHECK(refusal.limit == limit(7 * day, 3072));
    CHECK(refusal.sent == 2700_B);
    house.clock.advance(7 * day);
    house.upload(900);
}

TEST_CASE("exactly the limit is allowed, one byte more is not, and zero bytes always fit") {
    LimitedHouse house;
    house.upload(1024);
    CHECK(house.refusal_of(1).sent == 1024_B);
    house.upload(0);
}

TEST_CASE("of several broken limits the longest period is reported") {
    LimitedHouse house;
    CHECK(house.refusal_of(4000).limit == limit(7 * day, 3072));
}

TEST_CASE("an upload under a module's limits passes, and nobody hears of a limit") {
    OverridingHouse house;
    house.upload(100, house.user1);
    house.upload(100, house.user2);
    house.upload(100, house.user3);
    CHECK(house.listener->events().empty());
}

TEST_CASE("a module's own limits count, and every module hears which was broken, by how much") {
    OverridingHouse house;
    house.upload(3000, house.user1);
    CHECK(house.refusal_of(4000, house.user1).limit == limit(day, 5000));
    house.require_told(1, limit(day, 5000), 3000, 4000);
    CHECK(house.refusal_of(20000, house.user1).limit == limit(7 * day, 15000));
    house.require_told(2, limit(7 * day, 15000), 3000, 20000);
    CHECK(house.listener->events().back().user == house.user1);
}

TEST_CASE("a module's empty list means unlimited") {
    OverridingHouse house;
    house.upload(10000, house.user2);
    CHECK(house.listener->events().empty());
}

TEST_CASE("a module's none means the configured limits") {
    OverridingHouse house;
    house.upload(500, house.user3);
    const media::LimitRefusal refusal = house.refusal_of(800, house.user3);
    CHECK(refusal.limit == limit(day, 1024));
    house.require_told(1, limit(day, 1024), 500, 800);
}

TEST_CASE("the second module's limit counts when the first has none") {
    LimitedHouse house;
    const auto first = std::make_shared<ScriptedModule>();
    const auto second = std::make_shared<ScriptedModule>();
    second->limits = {limit(day, 123)};
    house.use_modules({first, second});
    CHECK(house.refusal_of(130).limit == limit(day, 123));
}

TEST_CASE("a module that fails on limits leaves the configured limits in force, never none") {
    LimitedHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    module->mood = Mood::fails;
    house.use_modules({module}, media::OnError::allow);
    CHECK(house.refusal_of(1025).limit == limit(day, 1024));
}

TEST_CASE("a broken listener does not change the refusal") {
    LimitedHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    module->at_once = false;
    house.use_modules({module}, media::OnError::allow, 20ms);
    house.open();
    module->mood = GENERATE(Mood::fails, Mood::hangs);
    CHECK(house.refusal_of(1025).limit == limit(day, 1024));
}

TEST_CASE("an upload in flight counts: two at the same time can never together pass a limit") {
    LimitedHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    house.use_modules({module});
    ScriptedBody body(std::string(600, '0'));
    body.wait_before_end();
    bool first_is_refused = false;
    house.runner.group().spawn(house.runner.executor(),
                               store_into(house.open(), house.request(body, 600_B), first_is_refused));
    REQUIRE(eventually([&] { return body.is_waiting(); }));

    CHECK(house.refusal_of(600).sent == 600_B);
    REQUIRE(eventually([&] { return module->events().size() == 1; }));
    CHECK(module->events().at(0).sent == 600_B);
    house.upload(424);

    body.go_on(house.runner.executor());
    REQUIRE(eventually([&] { return house.metadata.records().size() == 2; }));
    REQUIRE(eventually([&] { return house.metrics.value("mxcd_uploads_in_flight") == 0; }));
    CHECK_FALSE(first_is_refused);
    CHECK(house.sent() == 1024_B);
}

TEST_CASE("a quota over everything that is stored refuses, and modules hear nothing of it") {
    UploadHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    module->quotas = {media::StorageQuota{1000_B, 2}};
    house.use_modules({module});
    house.upload(600);
    try {
        house.upload(401);
        FAIL("the upload was not refused");
    } catch (const media::UploadLimitExceeded& refused) {
        const auto refusal = std::get<media::QuotaRefusal>(refused.refusal);
        CHECK(refusal.stored == 600_B);
        CHECK(refusal.quota.max_size == 1000_B);
    }
    house.upload(400);
    CHECK_THROWS_AS(house.upload(0), media::UploadLimitExceeded);
    CHECK(module->events().empty());
    CHECK(house.metrics.value("mxcd_upload_refusals_total{reason=quota}") == 2);
}

TEST_CASE("the largest sizes do not wrap") {
    UploadHouse house;
    house.policy.max_upload_size = base::ByteCount::max();
    house.policy.limits = {limit(day, std::numeric_limits<std::int64_t>::max())};
    house.upload(10);
    ScriptedBody body("x");
    CHECK_THROWS_AS(house.runner.run(house.open().store(house.request(body, base::ByteCount::max()))),
                    media::UploadLimitExceeded);
    CHECK(body.reads() == 0);
}
