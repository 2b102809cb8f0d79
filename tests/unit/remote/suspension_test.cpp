#include "unit/remote/remote_fixture.hpp"

#include <map>

namespace mxcd::remote {

namespace {

const std::string standard = "/_matrix/client/v1/admin/suspend/%40alice%3Ahs.test";
const std::string synapse = "/_synapse/admin/v2/users/%40alice%3Ahs.test";
const std::string unknown_path = R"({"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"})";

/// A homeserver whose admin API says what a test has put down for a path, and 404 to all else.
struct SuspensionFixture : HomeserverFixture {
    SuspensionFixture() {
        config.admin_token = base::Secret("admin-token");
        whoami = make_whoami_authenticator(config, *client);
        check = make_suspension_check(config, *client, *whoami);
        homeserver.answer_with([this](const StubRequest& request) {
            if (request.target == "/_matrix/client/v3/account/whoami") return StubAnswer{.body = identity};
            const auto found = told.find(request.target);
            return found == told.end() ? StubAnswer{.status = 404, .body = unknown_path} : found->second;
        });
    }

    media::Identity ask() { return runner.run(check->authenticate(token("abc"))); }

    std::string identity = R"({"user_id":"@alice:hs.test"})";
    std::map<std::string, StubAnswer> told;
    std::unique_ptr<media::TokenAuthenticator> whoami;
    std::unique_ptr<media::TokenAuthenticator> check;
};

}  // namespace

TEST_CASE("row 37: the homeserver tells who is suspended, by the standard's API") {
    SuspensionFixture fixture;
    fixture.told[standard] = StubAnswer{.body = R"({"suspended":true})"};
    CHECK(fixture.ask().is_suspended);
    const std::vector<StubRequest> asked = fixture.homeserver.requests();
    CHECK(asked.at(1).target == standard);
    CHECK(asked.at(1).header("authorization") == "Bearer admin-token");
    fixture.told[standard] = StubAnswer{.body = R"({"suspended":false})"};
    CHECK_FALSE(fixture.ask().is_suspended);
    CHECK(fixture.homeserver.request_count() == 4);
}

TEST_CASE("row 37: or by Synapse's API, where the standard's is missing") {
    SuspensionFixture fixture;
    fixture.told[synapse] = StubAnswer{.body = R"({"name":"@alice:hs.test","suspended":true})"};
    CHECK(fixture.ask().is_suspended);
}

TEST_CASE("a homeserver that does not tell suspends nobody") {
    const auto [status, body] = GENERATE(table<int, std::string>({{404, unknown_path},
                                                                  {403, R"({"errcode":"M_FORBIDDEN"})"},
                                                                  {401, R"({"errcode":"M_UNKNOWN_TOKEN"})"},
                                                                  {200, "<html>"},
                                                                  {200, "[]"},
                                                                  {200, R"({"suspended":"yes"})"}}));
    SuspensionFixture fixture;
    fixture.told[standard] = fixture.told[synapse] = StubAnswer{.status = status, .body = body};
    CHECK_FALSE(fixture.ask().is_suspended);
    CHECK_FALSE(fixture.ask().is_suspended);
}

TEST_CASE("a homeserver that fails when asked about a suspension decides nothing") {
    SuspensionFixture fixture;
    fixture.told[standard] = StubAnswer{.status = GENERATE(500, 502, 429), .body = "{}"};
    CHECK(outcome_of(fixture.runner, *fixture.check, token("abc")) == "upstream");
}

TEST_CASE("guests and refused tokens are not asked about a second time") {
    SuspensionFixture fixture;
    fixture.identity = R"({"user_id":"@alice:hs.test","is_guest":true})";
    CHECK(fixture.ask().is_guest);
    CHECK(fixture.homeserver.request_count() == 1);
}

}  // namespace mxcd::remote
