#include "async_upload_house.hpp"

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

TEST_CASE("row 59: a media ID is created for content that comes later") {
    AsyncUploadHouse house;
    TestRequest request("POST", create_path);
    const Answer answer = house.ask(request.as("alice").with("Content-Type", "application/json"));
    CHECK(answer.status == 200);
    CHECK(answer.text("content_uri").starts_with("mxc://hs.test/"));
    CHECK(answer.text("content_uri").size() == std::string("mxc://hs.test/").size() + 24);
    CHECK(house.metadata.records().empty());
    CHECK(house.metrics.value("mxcd_media_ids_created_total") == 1);
}

TEST_CASE("row 60: the answer says when the ID expires, in a day by default") {
    AsyncUploadHouse house;
    const matrix::Json answer = house.ask("POST", create_path, "alice").json();
    const auto in_a_day = (house.clock.now() + 24h).time_since_epoch().count();
    CHECK(answer.at("unused_expires_at") == in_a_day);
}

TEST_CASE("row 61: the body of a creation may be anything") {
    AsyncUploadHouse house;
    for (const char* body : {"", "{}", "{\"x\":1}", "no JSON"}) {
        TestRequest request("POST", create_path);
        CHECK(house.ask(request.as("alice").body_is(body)).status == 200);
    }
}

TEST_CASE("row 62: who has too many pending IDs is told when the first of them expires") {
    AsyncUploadHouse house;
    house.policy.max_pending = 3;
    const std::string first = house.create();
    house.clock.advance(1h);
    house.create();
    house.create();
    const Answer refused = house.ask("POST", create_path, "alice");
    CHECK(refused.status == 429);
    CHECK(refused.errcode() == "M_LIMIT_EXCEEDED");
    CHECK(refused.header("retry-after") == std::to_string(23 * 3600));
    CHECK(refused.json().at("retry_after_ms") == 23 * 3600 * 1000);
    CHECK(house.metrics.value("mxcd_upload_refusals_total{reason=pending}") == 1);
    CHECK(house.ask("POST", create_path, "bob").status == 200);
    CHECK(house.put(first, "x").status == 200);
    CHECK(house.ask("POST", create_path, "alice").status == 200);
    CHECK(house.ask("POST", create_path, "alice").status == 429);
    house.clock.advance(24h);
    CHECK(house.ask("POST", create_path, "alice").status == 200);
}

TEST_CASE("row 62: who creates IDs too often is told how long to wait") {
    AsyncUploadHouse house;
    house.policy.max_pending = 100;
    house.config.create_rate = base::RateLimit{0.5, 2};
    house.create();
    house.create();
    const Answer refused = house.ask("POST", create_path, "alice");
    CHECK(refused.status == 429);
    CHECK(refused.header("retry-after") == "2");
    CHECK(refused.json().at("retry_after_ms") == 2000);
    CHECK(house.metrics.value("mxcd_rate_limited_total{limit=create}") == 1);
    CHECK(house.ask("POST", create_path, "bob").status == 200);
    house.clock.advance(2s);
    CHECK(house.ask("POST", create_path, "alice").status == 200);
}

TEST_CASE("row 62: the default rate of creations is Synapse's") {
    AsyncUploadHouse house;
    house.policy.max_pending = 100;
    for (int i = 0; i < 50; ++i) house.create();
    CHECK(house.ask("POST", create_path, "alice").json().at("retry_after_ms") == 100);
}

TEST_CASE("row 63: content is put under a created ID and downloads with type and name") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    const std::string body = GENERATE(std::string("hello"), std::string(5000, 'x'));
    TestRequest request("PUT", upload_path + "/hs.test/" + id + "?filename=a.txt");
    const Answer answer = house.ask(request.as("alice").with("Content-Type", "text/plain").body_is(body));
    CHECK(answer.status == 200);
    CHECK(answer.json() == matrix::Json::object());
    const Answer found = house.download(id, "bob");
    CHECK(found.status == 200);
    CHECK(found.body == body);
    CHECK(found.header("content-type").starts_with("text/plain"));
    CHECK(found.header("content-disposition") == "inline; filename=a.txt");
}

TEST_CASE("row 64: an ID that was never created is not found") {
    AsyncUploadHouse house;
    const Answer answer = house.put("abcdefghijklmnopqrstuvwx", "x");
    CHECK(answer.status == 404);
    CHECK(answer.errcode() == "M_NOT_FOUND");
    CHECK(house.put("a%2Fb", "x").status == 404);
}

TEST_CASE("row 65: another server's ID is not found") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    TestRequest request("PUT", upload_path + "/other.test/" + id);
    const Answer answer = house.ask(request.as("alice").body_is("x"));
    CHECK(answer.status == 404);
    CHECK(answer.errcode() == "M_NOT_FOUND");
}

TEST_CASE("row 66: only who created an ID fills it") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    const Answer answer = house.put(id, "bob's", "bob");
    CHECK(answer.status == 403);
    CHECK(answer.errcode() == "M_FORBIDDEN");
    CHECK(house.put(id, "alice's").status == 200);
    CHECK(house.download(id).body == "alice's");
}

TEST_CASE("row 67: an ID that has content is not overwritten, which is judged before the body") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    REQUIRE(house.put(id, "first").status == 200);
    for (const char* body : {"", "second"}) {
        const Answer answer = house.put(id, body);
        CHECK(answer.status == 409);
        CHECK(answer.errcode() == "M_CANNOT_OVERWRITE_MEDIA");
    }
    CHECK(house.download(id).body == "first");
}

TEST_CASE("row 68: media that was uploaded at once is not overwritten either") {
    AsyncUploadHouse house;
    const std::string id = house.upload("first");
    CHECK(house.put(id, "").status == 409);
    CHECK(house.put(id, "", "bob").status == 403);
    CHECK(house.download(id).body == "first");
}

TEST_CASE("row 69: an expired ID is not found, by nobody") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    house.clock.advance(24h);
    CHECK(house.put(id, "x").errcode() == "M_NOT_FOUND");
    CHECK(house.put(id, "x", "bob").errcode() == "M_NOT_FOUND");
    CHECK(house.download(id).status == 404);
}

TEST_CASE("row 70: of two uploads to one ID at the same time the second is refused") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    ScriptedBody slow("first");
    slow.wait_before_end();
    TestRequest first("PUT", upload_path + "/hs.test/" + id);
    first.as("alice").body_from(slow, 5);
    std::future<http::Response> running = house.begin(first);
    REQUIRE(eventually([&slow] { return slow.is_waiting(); }));
    const Answer second = house.put(id, "second");
    CHECK(second.status == 409);
    CHECK(second.errcode() == "M_CANNOT_OVERWRITE_MEDIA");
    slow.go_on(house.runner.executor());
    CHECK(read_answer(running.get()).status == 200);
    CHECK(house.download(id).body == "first");
}

TEST_CASE("row 71: an upload that breaks off leaves the ID pending and charges nothing") {
    AsyncUploadHouse house;
    house.policy.limits = {media::UploadLimit{1h, base::ByteCount(10), "", false}};
    const std::string id = house.create();
    TestRequest broken("PUT", upload_path + "/hs.test/" + id);
    broken.as("alice").body_fails(std::make_exception_ptr(base::ClientGone("gone")), 8);
    broken.resources = house.listener;
    CHECK_THROWS_AS(house.runner.run(house.desk().answer(broken)), base::ClientGone);
    CHECK(house.download(id + "?timeout_ms=0").errcode() == "M_NOT_YET_UPLOADED");
    CHECK(house.metadata.reservations() == 0);
    CHECK(house.put(id, "0123456789").status == 200);
    CHECK(house.download(id).body == "0123456789");
}

TEST_CASE("row 72: content that is too large is refused and the ID stays pending") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    const Answer refused = house.put(id, std::string((1 << 20) + 1, 'x'));
    CHECK(refused.status == 413);
    CHECK(refused.errcode() == "M_TOO_LARGE");
    CHECK(house.put(id, "x").status == 200);
}

TEST_CASE("row 72: the state of the ID is judged before size and name") {
    AsyncUploadHouse house;
    const std::string large((1 << 20) + 1, 'x');
    CHECK(house.put("abcdefghijklmnopqrstuvwx", large).status == 404);
    CHECK(house.put("abcdefghijklmnopqrstuvwx?filename=%FF", "x").status == 404);
    const std::string id = house.create();
    CHECK(house.put(id, large, "bob").status == 403);
    CHECK(house.put(id + "?filename=%FF", "x").status == 400);
    CHECK(house.put(id, "x").status == 200);
}

TEST_CASE("what is put is charged when it is complete, and refused like any upload") {
    AsyncUploadHouse house;
    house.policy.limits = {media::UploadLimit{1h, base::ByteCount(10), "", false}};
    const std::string early = house.create();
    house.clock.advance(2h);
    CHECK(house.put(early, "0123456").status == 200);
    const Answer refused = house.put(house.create(), "0123");
    CHECK(refused.status == 403);
    CHECK(refused.errcode() == "M_USER_LIMIT_EXCEEDED");
    house.clock.advance(1h);
    CHECK(house.put(house.create(), "0123").status == 200);
}

TEST_CASE("uploads to IDs count for the rate of uploads") {
    AsyncUploadHouse house;
    house.config.upload_rate = base::RateLimit{1, 1};
    const std::string id = house.create();
    CHECK(house.put("abcdefghijklmnopqrstuvwx", "x").status == 404);
    CHECK(house.put(id, "x").status == 429);
    house.clock.advance(1s);
    CHECK(house.put(id, "x").status == 200);
}

TEST_CASE("guests and suspended users neither create nor fill IDs") {
    AsyncUploadHouse house;
    media::Identity suspended{matrix::UserId::parse("@alice:hs.test").value()};
    suspended.is_suspended = true;
    house.authenticator.identities.emplace("suspended", suspended);
    const std::string id = house.create();
    CHECK(house.ask("POST", create_path, "guest").errcode() == "M_GUEST_ACCESS_FORBIDDEN");
    CHECK(house.put(id, "x", "guest").errcode() == "M_GUEST_ACCESS_FORBIDDEN");
    CHECK(house.ask("POST", create_path, "suspended").errcode() == "M_USER_SUSPENDED");
    CHECK(house.put(id, "x", "suspended").errcode() == "M_USER_SUSPENDED");
    CHECK(house.ask("POST", create_path).errcode() == "M_MISSING_TOKEN");
    CHECK(house.put(id, "x").status == 200);
}
