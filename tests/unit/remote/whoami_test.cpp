#include "unit/remote/remote_fixture.hpp"

namespace mxcd::remote {

namespace {

struct WhoamiFixture : HomeserverFixture {
    using HomeserverFixture::HomeserverFixture;
    std::string ask(Credentials credentials = token("syt_abc")) {
        return outcome_of(runner, *make_whoami_authenticator(config, *client), std::move(credentials));
    }
    matrix::Error refusal(Credentials credentials = token("syt_abc")) {
        return refusal_of(runner, *make_whoami_authenticator(config, *client), std::move(credentials));
    }
    media::Identity identity() {
        return runner.run(make_whoami_authenticator(config, *client)->authenticate(token("syt_abc")));
    }
};

}  // namespace

TEST_CASE("the homeserver is asked with the client's own token and words") {
    WhoamiFixture fixture;
    Credentials credentials = acting("syt_abc", "@_irc_ä b:hs.test", "D&E=F");
    credentials.client_address = "192.0.2.7";
    CHECK(fixture.ask(credentials) == "@alice:hs.test");
    const StubRequest seen = fixture.homeserver.requests().at(0);
    CHECK(seen.method == "GET");
    CHECK(seen.target ==
          "/_matrix/client/v3/account/whoami?user_id=%40_irc_%C3%A4%20b%3Ahs.test&device_id=D%26E%3DF");
    CHECK(seen.header("authorization") == "Bearer syt_abc");
    CHECK(seen.header("x-forwarded-for") == "192.0.2.7");
}

TEST_CASE("what the client did not say is not said to the homeserver") {
    WhoamiFixture fixture;
    fixture.ask();
    const StubRequest seen = fixture.homeserver.requests().at(0);
    CHECK(seen.target == "/_matrix/client/v3/account/whoami");
    CHECK(seen.headers.count("x-forwarded-for") == 0);
    fixture.ask(acting("syt_abc", std::nullopt, "D"));
    CHECK(fixture.homeserver.requests().at(1).target == "/_matrix/client/v3/account/whoami?device_id=D");
}

TEST_CASE("guests and admins are recognized") {
    WhoamiFixture fixture;
    CHECK_FALSE(fixture.identity().is_guest);
    CHECK_FALSE(fixture.identity().is_admin);
    fixture.config.admins = {user("@root:hs.test"), user("@alice:hs.test")};
    CHECK(fixture.identity().is_admin);
    const auto* key = GENERATE("is_guest", "org.matrix.msc3069.is_guest");
    fixture.homeserver.answer_with(
        StubAnswer{.body = std::string(R"({"user_id":"@g:hs.test",")") + key + R"(":true})"});
    CHECK(fixture.identity().is_guest);
}

TEST_CASE("the homeserver's refusals are passed on") {
    using Row = std::tuple<int, const char*, const char*>;
    const auto [status, body, expected] = GENERATE(table<int, const char*, const char*>({
        Row{401, R"({"errcode":"M_UNKNOWN_TOKEN","error":"Invalid token"})", "401 M_UNKNOWN_TOKEN"},
        Row{401, R"({"errcode":"M_USER_LOCKED","error":"locked"})", "401 M_USER_LOCKED"},
        Row{403, R"({"errcode":"M_FORBIDDEN","error":"outside the namespace"})", "403 M_FORBIDDEN"},
        Row{403, R"({"errcode":"M_USER_DEACTIVATED","error":"gone"})", "403 M_USER_DEACTIVATED"},
        Row{403, R"({"errcode":"ORG_MATRIX_EXPIRED_ACCOUNT","error":"gone"})",
            "403 ORG_MATRIX_EXPIRED_ACCOUNT"},
        Row{400, R"({"errcode":"M_UNKNOWN_DEVICE","error":"no such device"})", "400 M_UNKNOWN_DEVICE"},
        Row{429, R"({"errcode":"M_LIMIT_EXCEEDED","error":"slow down"})", "429 M_LIMIT_EXCEEDED"},
        Row{429, "<html>slow down</html>", "429 M_LIMIT_EXCEEDED"},
    }));
    WhoamiFixture fixture;
    fixture.homeserver.answer_with(refuses(status, body));
    CHECK(fixture.ask() == expected);
}

TEST_CASE("an answer that decides nothing about the token is never a refusal") {
    using Row = std::tuple<int, const char*>;
    const auto [status, body] = GENERATE(table<int, const char*>({
        Row{200, "<html>welcome</html>"},
        Row{200, ""},
        Row{200, "[]"},
        Row{200, "{}"},
        Row{200, R"({"user_id":7})"},
        Row{200, R"({"user_id":"alice"})"},
        Row{200, R"({"user_id":"@alice"})"},
        Row{201, R"({"user_id":"@alice:hs.test"})"},
        Row{302, "{}"},
        Row{400, "<html>bad request</html>"},
        Row{400, R"({"errcode":"M_UNRECOGNIZED","error":"?"})"},
        Row{401, "<html>proxy wants a password</html>"},
        Row{401, ""},
        Row{401, "[]"},
        Row{401, R"({"errcode":"not a code\r\n"})"},
        Row{403, "<html>blocked by the firewall</html>"},
        Row{403, R"({"error":"no errcode"})"},
        Row{404, R"({"errcode":"M_UNRECOGNIZED","error":"?"})"},
        Row{404, R"({"errcode":"M_UNKNOWN_TOKEN","error":"?"})"},
        Row{500, "<html>oops</html>"},
        Row{500, R"({"errcode":"M_UNKNOWN_TOKEN","error":"?"})"},
        Row{502, ""},
        Row{503, R"({"errcode":"M_UNKNOWN","error":"?"})"},
    }));
    WhoamiFixture fixture;
    fixture.homeserver.answer_with(refuses(status, body));
    INFO(status << " " << body);
    CHECK(fixture.ask() == "upstream");
}

TEST_CASE("a JSON 401 without errcode refuses the token, but costs nobody their keys") {
    WhoamiFixture fixture;
    const auto* body =
        GENERATE("{}", R"({"message":"Unauthorized"})", R"({"errcode":5})", R"({"soft_logout":false})");
    fixture.homeserver.answer_with(refuses(401, body));
    const matrix::Error error = fixture.refusal();
    CHECK(error.errcode() == "M_UNKNOWN_TOKEN");
    CHECK(error.extra().at("soft_logout") == true);
}

TEST_CASE("an unreachable or slow homeserver is an upstream error") {
    WhoamiFixture fixture(std::chrono::milliseconds(200));
    SECTION("refused") { fixture.homeserver.stop(); }
    SECTION("slow") { fixture.homeserver.hold(); }
    CHECK(fixture.ask() == "upstream");
}

TEST_CASE("soft logout is passed on as it was said") {
    using Row = std::tuple<const char*, const char*>;
    const auto [body, expected] = GENERATE(table<const char*, const char*>({
        Row{R"({"errcode":"M_UNKNOWN_TOKEN","error":"x","soft_logout":true})", R"({"soft_logout":true})"},
        Row{R"({"errcode":"M_UNKNOWN_TOKEN","error":"x","soft_logout":false})", R"({"soft_logout":false})"},
        Row{R"({"errcode":"M_UNKNOWN_TOKEN","error":"x"})", "{}"},
        Row{R"({"errcode":"M_UNKNOWN_TOKEN","error":"x","soft_logout":"yes"})", "{}"},
        Row{R"({"errcode":"M_USER_LOCKED","error":"x"})", R"({"soft_logout":true})"},
        Row{R"({"errcode":"M_USER_LOCKED","error":"x","soft_logout":false})", R"({"soft_logout":true})"},
    }));
    WhoamiFixture fixture;
    fixture.homeserver.answer_with(refuses(401, body));
    CHECK(fixture.refusal().extra().dump() == expected);
}

TEST_CASE("the text of a refusal is passed on, cut at 512 bytes between characters") {
    WhoamiFixture fixture;
    fixture.homeserver.answer_with(
        refuses(401, R"({"errcode":"M_UNKNOWN_TOKEN","error":"Token is not active"})"));
    CHECK(std::string(fixture.refusal().what()) == "Token is not active");
    std::string text = "x";
    for (int i = 0; i < 400; ++i) text += "ä";
    fixture.homeserver.answer_with(refuses(401, R"({"errcode":"M_UNKNOWN_TOKEN","error":")" + text + "\"}"));
    CHECK(std::string(fixture.refusal().what()) == text.substr(0, 511));
}

TEST_CASE("a limit's waiting time is passed on") {
    using Row = std::tuple<const char*, const char*, int>;
    const auto [header, body, seconds] = GENERATE(table<const char*, const char*, int>({
        Row{"Retry-After: 7", "{}", 7},
        Row{"Retry-After: 7", R"({"retry_after_ms":20000})", 7},
        Row{"X: y", R"({"retry_after_ms":2001})", 3},
        Row{"X: y", R"({"retry_after_ms":2000})", 2},
        Row{"Retry-After: soon", R"({"retry_after_ms":1})", 1},
        Row{"Retry-After: 9999999999", "{}", 86'400},
        Row{"X: y", R"({"retry_after_ms":-1})", -1},
        Row{"X: y", "<html>", -1},
    }));
    WhoamiFixture fixture;
    fixture.homeserver.answer_with(StubAnswer{.status = 429, .body = body, .headers = {header}});
    const matrix::Error error = fixture.refusal();
    CHECK(error.status() == 429);
    CHECK(error.retry_after().value_or(std::chrono::seconds(-1)) == std::chrono::seconds(seconds));
}

TEST_CASE("text that cannot be a token is refused without asking") {
    WhoamiFixture fixture;
    const std::string text = GENERATE(as<std::string>(), "", "a b", "a\r\nX: y", "\x80", "tab\t");
    CHECK(fixture.ask(token(text)) == "401 M_UNKNOWN_TOKEN");
    CHECK(fixture.homeserver.connection_count() == 0);
}

TEST_CASE("reachability follows the last answer") {
    HomeserverFixture fixture;
    const auto whoami = make_whoami_authenticator(fixture.config, *fixture.client);
    const auto watch = make_reachability_watch(*whoami, fixture.metrics);
    CHECK(watch->is_reachable());
    CHECK(fixture.metrics.value("mxcd_homeserver_up") == 1);
    fixture.homeserver.answer_with(refuses(500, ""));
    CHECK(outcome_of(fixture.runner, *watch, token("t")) == "upstream");
    CHECK_FALSE(watch->is_reachable());
    CHECK(fixture.metrics.value("mxcd_homeserver_up") == 0);
    fixture.homeserver.answer_with(refuses(401, R"({"errcode":"M_UNKNOWN_TOKEN"})"));
    CHECK(outcome_of(fixture.runner, *watch, token("t")) == "401 M_UNKNOWN_TOKEN");
    CHECK(watch->is_reachable());
    CHECK(fixture.metrics.value("mxcd_homeserver_up") == 1);
}

}  // namespace mxcd::remote
