#include "unit/remote/remote_fixture.hpp"

namespace mxcd::remote {

namespace {

constexpr auto api = "urn:matrix:client:api:*";

/// An introspection endpoint in front of the homeserver.
struct IntrospectionFixture : HomeserverFixture {
    IntrospectionFixture() {
        config.introspection = IntrospectionConfig{.endpoint = mas.url() + "/oauth2/introspect",
                                                   .client_id = "",
                                                   .client_secret = base::Secret("s3cret")};
    }

    std::string ask(Credentials credentials = token("mat_abc")) {
        return outcome_of(runner, authenticator(), std::move(credentials));
    }
    media::Identity identity() { return runner.run(authenticator().authenticate(token("mat_abc"))); }
    void says(const std::string& body) { mas.answer_with(StubAnswer{.body = body}); }
    void says_scope(const std::string& scope) {
        says(R"({"active":true,"username":"alice","scope":")" + scope + "\"}");
    }

    StubServer mas{
        StubAnswer{.body = R"({"active":true,"username":"alice","scope":"openid urn:matrix:client:api:*"})"}};

  private:
    media::TokenAuthenticator& authenticator() {
        whoami_ = make_whoami_authenticator(config, *client);
        introspection_ = make_introspection_authenticator(config, *client, *whoami_);
        return *introspection_;
    }

    std::unique_ptr<media::TokenAuthenticator> whoami_;
    std::unique_ptr<media::TokenAuthenticator> introspection_;
};

}  // namespace

TEST_CASE("the endpoint is asked with a form and the shared secret") {
    IntrospectionFixture fixture;
    CHECK(fixture.ask(token("mat_a+b/c=")) == "@alice:hs.test");
    const StubRequest seen = fixture.mas.requests().at(0);
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/oauth2/introspect");
    CHECK(seen.body == "token=mat_a%2Bb%2Fc%3D&token_type_hint=access_token");
    CHECK(seen.header("content-type") == "application/x-www-form-urlencoded");
    CHECK(seen.header("authorization") == "Bearer s3cret");
    CHECK(seen.header("x-mas-supports-device-id") == "1");
    CHECK(fixture.homeserver.request_count() == 0);
}

TEST_CASE("a client with an ID uses HTTP Basic with both parts encoded") {
    IntrospectionFixture fixture;
    fixture.config.introspection->client_id = "media:repo";
    fixture.config.introspection->client_secret = base::Secret("p?~ä>");
    fixture.ask();
    // media%3Arepo:p%3F~%C3%A4%3E
    CHECK(fixture.mas.requests().at(0).header("authorization") ==
          "Basic bWVkaWElM0FyZXBvOnAlM0Z+JUMzJUE0JTNF");
}

TEST_CASE("row 38: an inactive token is the homeserver's to judge") {
    IntrospectionFixture fixture;
    fixture.says(R"({"active":false})");
    SECTION("an application service's token") {
        CHECK(fixture.ask(acting("as_token", "@_irc_a:hs.test")) == "@alice:hs.test");
        CHECK(fixture.homeserver.requests().at(0).target ==
              "/_matrix/client/v3/account/whoami?user_id=%40_irc_a%3Ahs.test");
    }
    SECTION("nobody's token") {
        fixture.homeserver.answer_with(refuses(401, R"({"errcode":"M_UNKNOWN_TOKEN","error":"x"})"));
        CHECK(fixture.ask() == "401 M_UNKNOWN_TOKEN");
    }
    SECTION("the homeserver is away") {
        fixture.homeserver.stop();
        CHECK(fixture.ask() == "upstream");
    }
}

TEST_CASE("row 38: scopes decide") {
    using Row = std::tuple<std::string, std::string>;
    const auto [scope, expected] = GENERATE(table<std::string, std::string>({
        Row{api, "@alice:hs.test"},
        Row{"urn:matrix:org.matrix.msc2967.client:api:*", "@alice:hs.test"},
        Row{std::string(api) + " urn:matrix:client:device:A", "@alice:hs.test"},
        Row{std::string(api) + " urn:matrix:client:device:A urn:matrix:org.matrix.msc2967.client:device:A",
            "@alice:hs.test"},
        Row{std::string(api) + "  openid", "@alice:hs.test"},
        Row{std::string(api) + " urn:matrix:client:device:A urn:matrix:client:device:B", "500 M_UNKNOWN"},
        Row{"", "401 M_UNKNOWN_TOKEN"},
        Row{"openid email", "401 M_UNKNOWN_TOKEN"},
        Row{"urn:matrix:client:api:*x", "401 M_UNKNOWN_TOKEN"},
        Row{"urn:synapse:admin:*", "401 M_UNKNOWN_TOKEN"},
    }));
    IntrospectionFixture fixture;
    fixture.says_scope(scope);
    CHECK(fixture.ask() == expected);
}

TEST_CASE("the admin scope and the list of admins make an admin") {
    IntrospectionFixture fixture;
    CHECK_FALSE(fixture.identity().is_admin);
    fixture.says_scope(std::string(api) + " urn:synapse:admin:*");
    CHECK(fixture.identity().is_admin);
    fixture.says_scope(api);
    fixture.config.admins = {user("@alice:hs.test")};
    CHECK(fixture.identity().is_admin);
    CHECK_FALSE(fixture.identity().is_guest);
}

TEST_CASE("row 38: a token without a usable user name is our trouble") {
    IntrospectionFixture fixture;
    const std::string username =
        GENERATE(R"("other":1)", R"("username":"")", R"("username":7)", R"("username":"a\u0000b")");
    fixture.says(R"({"active":true,"scope":"urn:matrix:client:api:*",)" + username + "}");
    CHECK(fixture.ask() == "500 M_UNKNOWN");
}

TEST_CASE("the time to live is passed on, and an expired token is unknown") {
    IntrospectionFixture fixture;
    CHECK_FALSE(fixture.identity().valid_for);
    const std::string head =
        R"({"active":true,"username":"alice","scope":"urn:matrix:client:api:*","expires_in":)";
    fixture.says(head + "30}");
    CHECK(fixture.identity().valid_for == std::chrono::seconds(30));
    fixture.says(head + "0}");
    CHECK(fixture.ask() == "401 M_UNKNOWN_TOKEN");
    fixture.says(head + "-5}");
    CHECK(fixture.ask() == "401 M_UNKNOWN_TOKEN");
}

TEST_CASE("row 38: an endpoint that does not answer properly is an upstream error, never a refusal") {
    IntrospectionFixture fixture;
    SECTION("500") { fixture.mas.answer_with(refuses(500, R"({"active":false})")); }
    SECTION("401: our own secret is wrong") {
        fixture.mas.answer_with(refuses(401, R"({"error":"invalid_client"})"));
    }
    SECTION("no JSON") { fixture.says("<html>"); }
    SECTION("no object") { fixture.says("[]"); }
    SECTION("no word on active") { fixture.says("{}"); }
    SECTION("active is no boolean") { fixture.says(R"({"active":"true"})"); }
    SECTION("nobody there") { fixture.mas.stop(); }
    CHECK(fixture.ask() == "upstream");
    CHECK(fixture.homeserver.request_count() == 0);
}

TEST_CASE("configured tokens are known without asking anybody") {
    HomeserverFixture fixture;
    fixture.config.static_tokens = {
        {.token = base::Secret("alice-token"), .user = user("@a:hs.test")},
        {.token = base::Secret("guest-token"), .user = user("@g:hs.test"), .is_guest = true},
        {.token = base::Secret("admin-token"), .user = user("@r:hs.test"), .is_admin = true},
    };
    fixture.config.admins = {user("@g:hs.test")};
    const auto authenticator = make_static_authenticator(fixture.config, nullptr);
    const auto ask = [&](const std::string& text) {
        return outcome_of(fixture.runner, *authenticator, acting(text, "@ignored:hs.test"));
    };
    CHECK(ask("alice-token") == "@a:hs.test");
    CHECK(fixture.runner.run(authenticator->authenticate(token("guest-token"))).is_guest);
    CHECK(fixture.runner.run(authenticator->authenticate(token("guest-token"))).is_admin);
    CHECK(fixture.runner.run(authenticator->authenticate(token("admin-token"))).is_admin);
    CHECK_FALSE(fixture.runner.run(authenticator->authenticate(token("alice-token"))).is_admin);
    for (const std::string wrong : {"", "alice", "alice-token2", "Alice-token"})
        CHECK(ask(wrong) == "401 M_UNKNOWN_TOKEN");
    CHECK(fixture.homeserver.connection_count() == 0);
}

TEST_CASE("other tokens than the configured ones go to the homeserver") {
    HomeserverFixture fixture;
    fixture.config.static_tokens = {{.token = base::Secret("t"), .user = user("@a:hs.test")}};
    const auto whoami = make_whoami_authenticator(fixture.config, *fixture.client);
    const auto authenticator = make_static_authenticator(fixture.config, whoami.get());
    CHECK(outcome_of(fixture.runner, *authenticator, token("t")) == "@a:hs.test");
    CHECK(outcome_of(fixture.runner, *authenticator, token("other")) == "@alice:hs.test");
    CHECK(fixture.homeserver.request_count() == 1);
}

}  // namespace mxcd::remote
