#include "moderation_house.hpp"

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

const std::string usage_path = "/_matrix/media/unstable/org.matrix.msc4034/usage";

std::int64_t milliseconds(base::TimePoint time) { return time.time_since_epoch().count(); }

}  // namespace

TEST_CASE("MSC4034: users see what they have stored, guests do not") {
    ModerationHouse house;
    house.upload("12345");
    const std::string id = house.upload(large_body);
    house.upload_as("bob", "x");
    const matrix::Json usage = house.ask("GET", usage_path, "alice").json();
    CHECK(usage.at("org.matrix.msc4034.storage.used") == 5005);
    CHECK(usage.at("org.matrix.msc4034.storage.files") == 2);
    CHECK(usage.at("mxcd.limits") == matrix::Json::array());
    house.admin("DELETE", "media/hs.test/" + id);
    CHECK(house.ask("GET", usage_path, "alice").json().at("org.matrix.msc4034.storage.used") == 5);
    CHECK(house.ask("GET", usage_path).status == 401);
    CHECK(house.ask("GET", usage_path, "guest").errcode() == "M_GUEST_ACCESS_FORBIDDEN");
}

TEST_CASE("each window says what is used, what is in flight and when room returns") {
    ModerationHouse house;
    house.policy.limits = {media::UploadLimit{1h, base::ByteCount(100), "", false},
                           media::UploadLimit{24h, base::ByteCount(500), "https://x.test/", true}};
    const base::TimePoint first = house.clock.now();
    house.upload("0123456789");
    house.clock.advance(2h);
    ScriptedBody slow(std::string(7, 'x'));
    slow.wait_before_end();
    TestRequest request("POST", upload_path);
    request.as("alice").body_from(slow, 7);
    std::future<http::Response> running = house.begin(request);
    REQUIRE(eventually([&slow] { return slow.is_waiting(); }));
    const matrix::Json limits = house.ask("GET", usage_path, "alice").json().at("mxcd.limits");
    CHECK(limits.at(0) ==
          matrix::Json{
              {"time_period_ms", 3'600'000}, {"max_bytes", 100}, {"used_bytes", 0}, {"reserved_bytes", 7}});
    CHECK(limits.at(1) == matrix::Json{{"time_period_ms", 86'400'000},
                                       {"max_bytes", 500},
                                       {"used_bytes", 10},
                                       {"reserved_bytes", 7},
                                       {"room_returns_at", milliseconds(first + 24h)},
                                       {"info_uri", "https://x.test/"},
                                       {"can_upgrade", true}});
    slow.go_on(house.runner.executor());
    CHECK(read_answer(running.get()).status == 200);
    CHECK(house.ask("GET", usage_path, "alice").json().at("mxcd.limits").at(1).at("used_bytes") == 17);
}

TEST_CASE("the windows are those that a module sets for the user") {
    ModerationHouse house;
    struct Tiers final : media::MediaModule {
        [[nodiscard]] bool answers_at_once() const override { return true; }
        async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                                  base::ByteCount) override {
            if (user.text() != "@bob:hs.test") co_return std::nullopt;
            co_return std::vector{media::UploadLimit{1h, base::ByteCount(7), "", false}};
        }
    };
    std::vector<media::ChainEntry> entries{{"tiers", std::make_shared<Tiers>()}};
    house.policy.modules =
        std::make_shared<media::ModuleChain>(std::move(entries), house.runner.group(), house.metrics);
    house.policy.limits = {media::UploadLimit{1h, base::ByteCount(100), "", false}};
    const auto max_bytes = [&house](const std::string& token) {
        return house.ask("GET", usage_path, token).json().at("mxcd.limits").at(0).at("max_bytes");
    };
    CHECK(max_bytes("alice") == 100);
    CHECK(max_bytes("bob") == 7);
}
