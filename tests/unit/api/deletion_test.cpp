#include "moderation_house.hpp"

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

const std::string redact_path = "/_matrix/client/unstable/uk.timedout.msc4322/media/redact/hs.test/";
const std::string ephemeral_path = "/_matrix/client/unstable/org.matrix.msc4425/hs.test/";
const std::string legacy_path = "/_matrix/media/r0/download/hs.test/";

ModerationHouse& with(ModerationHouse& house, api::ExperimentMask experiments) {
    house.config.experiments = experiments;
    return house;
}

}  // namespace

TEST_CASE("nobody deletes what they have uploaded unless the operator says so") {
    ModerationHouse house;
    const std::string id = house.upload("x");
    CHECK(house.ask("DELETE", legacy_path + id, "alice").errcode() == "M_UNRECOGNIZED");
    CHECK(house.ask("POST", redact_path + id, "alice").errcode() == "M_UNRECOGNIZED");
    CHECK(house.ask("DELETE", ephemeral_path + id, "alice").errcode() == "M_UNRECOGNIZED");
    CHECK(house.download(id).status == 200);
}

TEST_CASE("MSC2278: uploaders and admins delete media") {
    ModerationHouse house;
    with(house, api::msc2278);
    const std::string id = house.upload(large_body);
    CHECK(house.ask("DELETE", legacy_path + id, "").errcode() == "M_MISSING_TOKEN");
    CHECK(house.ask("DELETE", legacy_path + id, "guest").errcode() == "M_GUEST_ACCESS_FORBIDDEN");
    CHECK(house.ask("DELETE", legacy_path + id, "bob").errcode() == "M_FORBIDDEN");
    CHECK(house.download(id).status == 200);
    CHECK(house.ask("DELETE", legacy_path + id, "alice").json() == matrix::Json::object());
    CHECK(house.download(id).status == 404);
    CHECK(house.ask("DELETE", legacy_path + id, "alice").errcode() == "M_NOT_FOUND");
    const std::string other = house.upload("x");
    CHECK(house.ask("DELETE", legacy_path + other, "root").status == 200);
    CHECK(house.ask("DELETE", "/_matrix/media/r0/download/other.test/abc", "alice").status == 404);
}

TEST_CASE("MSC4322: uploaders redact their media, suspended or not, once or twice") {
    ModerationHouse house;
    with(house, api::msc4322);
    media::Identity suspended{matrix::UserId::parse("@alice:hs.test").value()};
    suspended.is_suspended = true;
    house.authenticator.identities.emplace("suspended", suspended);
    const std::string id = house.upload("x");
    CHECK(house.ask("POST", redact_path + id, "bob").errcode() == "M_FORBIDDEN");
    CHECK(house.ask("POST", redact_path + id, "guest").errcode() == "M_GUEST_ACCESS_FORBIDDEN");
    TestRequest request("POST", redact_path + id);
    CHECK(house.ask(request.as("suspended").body_is("{\"reason\":\"x\"}")).json() == matrix::Json::object());
    CHECK(house.download(id).status == 404);
    CHECK(house.ask("POST", redact_path + id, "alice").status == 200);
}

TEST_CASE("MSC4425: what was uploaded or created as ephemeral is deleted by its uploader") {
    ModerationHouse house;
    with(house, api::msc4425);
    const std::string flag = "?org.matrix.msc4425.ephemeral=";
    const std::string plain = house.upload("plain", "text/plain", flag + "false");
    CHECK(house.ask("DELETE", ephemeral_path + plain, "alice").errcode() == "M_FORBIDDEN");
    const std::string uploaded = house.upload("short", "text/plain", flag + "true");
    const std::string created = house.ask("POST", create_path + flag + "true", "alice")
                                    .text("content_uri")
                                    .substr(std::string("mxc://hs.test/").size());
    REQUIRE(house.put(created, "lived").status == 200);
    for (const std::string& id : {uploaded, created}) {
        CHECK(house.ask("DELETE", ephemeral_path + id, "bob").errcode() == "M_FORBIDDEN");
        CHECK(house.ask("DELETE", ephemeral_path + id, "alice").status == 200);
        CHECK(house.download(id).status == 404);
        CHECK(house.ask("DELETE", ephemeral_path + id, "alice").errcode() == "M_NOT_FOUND");
    }
    CHECK(house.download(plain).status == 200);
}

TEST_CASE("deletion gives back room in quotas, not in windows, and modules hear of it") {
    ModerationHouse house;
    struct Listener final : media::MediaModule {
        std::atomic<int> deletions = 0;
        [[nodiscard]] bool answers_at_once() const override { return true; }
        async::Task<std::vector<media::StorageQuota>> storage_quotas(matrix::UserId) override {
            co_return std::vector<media::StorageQuota>{{base::ByteCount(10), std::nullopt}};
        }
        async::Task<> media_deleted(matrix::MediaId) override {
            ++deletions;
            co_return;
        }
    };
    const auto listener = std::make_shared<Listener>();
    std::vector<media::ChainEntry> entries{{"listener", listener}};
    house.policy.modules =
        std::make_shared<media::ModuleChain>(std::move(entries), house.runner.group(), house.metrics);
    house.policy.limits = {media::UploadLimit{1h, base::ByteCount(15), "", false}};
    with(house, api::msc2278);
    const std::string id = house.upload("0123456789");
    TestRequest full("POST", upload_path);
    CHECK(house.ask(full.as("alice").body_is("x")).errcode() == "M_USER_LIMIT_EXCEEDED");
    REQUIRE(house.ask("DELETE", legacy_path + id, "alice").status == 200);
    CHECK(eventually([&listener] { return listener->deletions == 1; }));
    house.upload("01234");
    TestRequest beyond("POST", upload_path);
    CHECK(house.ask(beyond.as("alice").body_is("x")).errcode() == "M_USER_LIMIT_EXCEEDED");
}
