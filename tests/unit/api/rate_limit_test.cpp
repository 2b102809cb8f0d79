#include "desk_house.hpp"

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

Answer upload_as(DeskHouse& house, const std::string& token, const std::string& path = upload_path) {
    TestRequest request("POST", path);
    return house.ask(request.as(token).body_is("x"));
}

}  // namespace

TEST_CASE("row 49: who uploads too often is told how long to wait, and succeeds after it") {
    DeskHouse house;
    house.config.upload_rate = base::RateLimit{0.4, 2};
    CHECK(upload_as(house, "alice").status == 200);
    CHECK(upload_as(house, "alice").status == 200);
    const Answer refused = upload_as(house, "alice");
    CHECK(refused.status == 429);
    CHECK(refused.errcode() == "M_LIMIT_EXCEEDED");
    CHECK(refused.text("error") == "Too Many Requests");
    CHECK(refused.header("retry-after") == "3");
    CHECK(refused.json().at("retry_after_ms") == 2500);
    CHECK(refused.header("access-control-allow-origin") == "*");
    CHECK(house.metadata.records().size() == 2);
    CHECK(house.metrics.value("mxcd_rate_limited_total{limit=upload}") == 1);
    house.clock.advance(2500ms);
    CHECK(upload_as(house, "alice").status == 200);
}

TEST_CASE("row 49: users are counted apart, the versions of the route together") {
    DeskHouse house;
    house.config.upload_rate = base::RateLimit{1, 1};
    CHECK(upload_as(house, "alice", "/_matrix/media/r0/upload").status == 200);
    CHECK(upload_as(house, "alice", "/_matrix/media/v1/upload").status == 429);
    CHECK(upload_as(house, "bob").status == 200);
}

TEST_CASE("row 49: the rate stands behind authentication and guests, before parameters") {
    DeskHouse house;
    house.config.upload_rate = base::RateLimit{1, 1};
    CHECK(upload_as(house, "nobody").status == 401);
    CHECK(upload_as(house, "guest").errcode() == "M_GUEST_ACCESS_FORBIDDEN");
    CHECK(house.ask("OPTIONS", upload_path).status == 204);
    CHECK(upload_as(house, "alice", upload_path + "?filename=%FF").status == 400);
    CHECK(upload_as(house, "alice", upload_path + "?filename=%FF").status == 429);
}

TEST_CASE("row 49: without a configured rate nothing but the limits holds uploads back") {
    DeskHouse house;
    for (int i = 0; i < 200; ++i) CHECK(upload_as(house, "alice").status == 200);
}

TEST_CASE("a rate of uploads that a reload sets, changes or takes away holds from the next request") {
    DeskHouse house;
    CHECK(upload_as(house, "alice").status == 200);
    api::DeskConfig config = house.config;
    config.upload_rate = base::RateLimit{1, 1};
    house.desk().reconfigure(config);
    CHECK(upload_as(house, "alice").status == 200);
    CHECK(upload_as(house, "alice").status == 429);
    config.upload_rate = base::RateLimit{1, 2};
    house.desk().reconfigure(config);
    CHECK(upload_as(house, "alice").status == 200);
    CHECK(upload_as(house, "alice").status == 429);
    config.upload_rate.reset();
    house.desk().reconfigure(config);
    CHECK(upload_as(house, "alice").status == 200);
}
