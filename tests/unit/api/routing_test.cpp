#include "desk_house.hpp"

using namespace mxcd;
using namespace mxcd::test;

namespace {

const std::string exposed =
    "X-Request-Id, Retry-After, ETag, Content-Disposition, Content-Range, Accept-Ranges, Location, "
    "Content-Length";

void require_common_headers(const Answer& answer) {
    CHECK(answer.header("access-control-allow-origin") == "*");
    CHECK(answer.header("access-control-allow-methods") == "GET, HEAD, POST, PUT, DELETE, OPTIONS");
    CHECK(answer.header("access-control-allow-headers") ==
          "X-Requested-With, Content-Type, Authorization, Date, Range, If-None-Match, If-Range");
    CHECK(answer.header("access-control-expose-headers") == exposed);
    CHECK(answer.header("x-request-id") == "request-1");
}

void require_error(const Answer& answer, int status, const std::string& errcode) {
    INFO(answer.body);
    CHECK(answer.status == status);
    CHECK(answer.errcode() == errcode);
    CHECK(answer.json().at("error").is_string());
    CHECK(answer.header("content-type") == "application/json");
    CHECK(answer.header("cache-control") == "no-cache, no-store, must-revalidate");
    require_common_headers(answer);
}

}  // namespace

TEST_CASE("row 1: OPTIONS is answered on every path under our prefixes without asking anybody") {
    DeskHouse house;
    const auto target = GENERATE(values<std::string>(
        {"/_matrix/media/v3/upload", "/_matrix/media/v3/upload?filename=x", "/_matrix/client/v1/media/config",
         "/_matrix/client/v1/media/download/hs.test/abc", "/_matrix/client/v1/media/nope",
         "/_matrix/media/v3/thumbnail/hs.test/abc", "/_matrix/federation/v1/media/download/abc"}));
    TestRequest request("OPTIONS", target);
    request.with("Origin", "https://app.test")
        .with("Access-Control-Request-Method", "POST")
        .with("Access-Control-Request-Headers", "authorization");
    const Answer answer = house.ask(request);
    CHECK(answer.status == 204);
    CHECK(answer.body.empty());
    CHECK(answer.header("access-control-max-age") == "86400");
    require_common_headers(answer);
    CHECK(house.authenticator.calls == 0);
    CHECK(request.route == "preflight");
}

TEST_CASE("OPTIONS elsewhere, and on a listener without Matrix routes, is unrecognized") {
    DeskHouse house;
    house.listener = api::resource_media | api::resource_health;
    require_error(house.ask("OPTIONS", "/health"), 404, "M_UNRECOGNIZED");
    require_error(house.ask("OPTIONS", "/_matrix/client/v3/sync"), 404, "M_UNRECOGNIZED");
    house.listener = api::resource_health;
    require_error(house.ask("OPTIONS", upload_path), 404, "M_UNRECOGNIZED");
}

TEST_CASE("row 2: an answer to a cross-origin request carries the CORS headers") {
    DeskHouse house;
    TestRequest request("GET", config_path);
    const Answer answer = house.ask(request.as("alice").with("Origin", "https://app.test"));
    CHECK(answer.status == 200);
    require_common_headers(answer);
    CHECK_FALSE(answer.has("access-control-max-age"));
}

TEST_CASE("row 4: unknown paths are 404 M_UNRECOGNIZED, with a token and without") {
    DeskHouse house;
    const auto target = GENERATE(values<std::string>(
        {"/_matrix/media/unknown", "/_matrix/media/v3/unknown", "/_matrix/client/v1/media/nope",
         "/_matrix/federation/v1/media/nope", "/", "/_matrix/media/v3",
         "/_matrix/media/v3/upload/a/b/c/d/e/f/g", "//_matrix/media/v3/upload", "/_matrix/media/v3//upload",
         "/_matrix/media%2Fv3/upload", ""}));
    require_error(house.ask("GET", target), 404, "M_UNRECOGNIZED");
    require_error(house.ask("GET", target, "alice"), 404, "M_UNRECOGNIZED");
    CHECK(house.authenticator.calls == 0);
}

TEST_CASE("rows 5, 6 and 7: a known path with another method is 405 with Allow, before authentication") {
    DeskHouse house;
    const auto [method, target, allow] = GENERATE(table<std::string, std::string, std::string>(
        {{"PATCH", "/_matrix/media/v3/upload", "POST, OPTIONS"},
         {"GET", "/_matrix/media/v3/upload", "POST, OPTIONS"},
         {"HEAD", "/_matrix/media/v3/upload", "POST, OPTIONS"},
         {"POST", "/_matrix/client/v1/media/config", "GET, HEAD, OPTIONS"},
         {"DELETE", "/_matrix/client/v1/media/download/hs.test/abc", "GET, HEAD, OPTIONS"},
         {"post", "/_matrix/media/v3/upload", "POST, OPTIONS"}}));
    const Answer answer = house.ask(method, target);
    require_error(answer, 405, "M_UNRECOGNIZED");
    CHECK(answer.header("allow") == allow);
    CHECK(house.authenticator.calls == 0);
}

TEST_CASE("row 8: a trailing slash makes another, unknown path") {
    DeskHouse house;
    const std::string path = GENERATE(values<std::string>(
        {config_path, upload_path, download_path + "hs.test/abc", download_path + "hs.test/abc/name.png"}));
    require_error(house.ask("GET", path + "/", "alice"), 404, "M_UNRECOGNIZED");
    // A file name that is there, but empty once more.
    require_error(house.ask("GET", path + "//", "alice"), 404, "M_UNRECOGNIZED");
}

TEST_CASE("row 9: create exists under no other version") {
    DeskHouse house;
    require_error(house.ask("POST", "/_matrix/media/v3/create", "alice"), 404, "M_UNRECOGNIZED");
    require_error(house.ask("POST", "/_matrix/media/r0/create", "alice"), 404, "M_UNRECOGNIZED");
}

TEST_CASE("row 10: r0 and v1 are the same as v3 for upload and config") {
    DeskHouse house;
    const auto version = GENERATE(values<std::string>({"v3", "r0", "v1"}));
    TestRequest request("POST", "/_matrix/media/" + version + "/upload");
    const Answer uploaded = house.ask(request.as("alice").body_is("hello"));
    CHECK(uploaded.status == 200);
    CHECK(uploaded.json().at("content_uri").is_string());
    CHECK(request.route == "/_matrix/media/" + version + "/upload");
    const Answer config = house.ask("GET", "/_matrix/media/" + version + "/config", "alice");
    CHECK(config.body == house.ask("GET", config_path, "alice").body);
}

TEST_CASE("a segment is decoded once, after the path was split") {
    DeskHouse house;
    CHECK(house.ask("GET", "/_matrix/client/v1/media/%63onfig", "alice").status == 200);
    require_error(house.ask("GET", "/_matrix/client/v1/media/%2563onfig", "alice"), 404, "M_UNRECOGNIZED");
    require_error(house.ask("GET", "/_matrix/client/v1/media/%zzconfig", "alice"), 404, "M_UNRECOGNIZED");
}

TEST_CASE("a listener serves only the routes of its resources") {
    DeskHouse house;
    house.operations.health = []() -> async::Task<std::vector<api::HealthFinding>> {
        co_return std::vector<api::HealthFinding>();
    };
    house.operations.metrics_text = [] { return std::string("mxcd_up 1\n"); };
    const auto [mask, target] =
        GENERATE(table<http::ResourceMask, std::string>({{api::resource_media, config_path},
                                                         {api::resource_health, "/health"},
                                                         {api::resource_metrics, "/metrics"},
                                                         {api::resource_control, "/_mxcd/backup"}}));
    house.listener = mask;
    CHECK(house.ask("GET", target).body.find("M_UNRECOGNIZED") == std::string::npos);
    for (const http::ResourceMask other :
         {api::resource_media, api::resource_federation, api::resource_admin, api::resource_metrics,
          api::resource_health, api::resource_control}) {
        if (other == mask) continue;
        house.listener = other;
        require_error(house.ask("GET", target), 404, "M_UNRECOGNIZED");
    }
}

TEST_CASE("the route that log and metrics see is the template, never the path") {
    DeskHouse house;
    TestRequest named("GET", download_path + "hs.test/abc/secret-name.pdf");
    static_cast<void>(house.ask(named.as("alice")));
    CHECK(named.route == "/_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}");
    TestRequest unknown("GET", "/secret-name");
    static_cast<void>(house.ask(unknown));
    CHECK(unknown.route == "unmatched");
}

TEST_CASE("row 3: what the door refuses is a Matrix error with CORS and a request id, and closes") {
    DeskHouse house;
    const auto [reason, status, errcode] = GENERATE(table<http::Refusal, int, std::string>(
        {{http::Refusal::malformed, 400, "M_UNKNOWN"},
         {http::Refusal::repeated_authorization, 401, "M_MISSING_TOKEN"},
         {http::Refusal::header_timeout, 408, "M_UNKNOWN"},
         {http::Refusal::header_too_large, 431, "M_UNKNOWN"},
         {http::Refusal::expectation_failed, 417, "M_UNKNOWN"},
         {http::Refusal::method_refused, 405, "M_UNRECOGNIZED"},
         {http::Refusal::overloaded, 503, "M_UNKNOWN"}}));
    const Answer answer = read_answer(house.desk().refuse(reason, "request-1"));
    require_error(answer, status, errcode);
    CHECK(answer.close);
    CHECK(answer.has("allow") == (status == 405));
    CHECK(answer.has("retry-after") == (status == 503));
    CHECK(answer.header("x-content-type-options") == "nosniff");
}

TEST_CASE("new settings are in force for the next request") {
    DeskHouse house;
    CHECK(house.ask("GET", config_path + "?access_token=alice").status == 200);
    house.config.access_token_in_query = false;
    house.desk().reconfigure(house.config);
    CHECK(house.ask("GET", config_path + "?access_token=alice").status == 401);
}
