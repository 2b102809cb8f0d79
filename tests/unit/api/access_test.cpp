#include "mxcd/base/errors.hpp"

#include "desk_house.hpp"

using namespace mxcd;
using namespace mxcd::test;

namespace {

const std::vector<std::pair<std::string, std::string>> guarded_routes{
    {"GET", config_path},
    {"GET", "/_matrix/media/v3/config"},
    {"GET", download_path + "hs.test/abc"},
    {"GET", download_path + "hs.test/abc/f.png"},
    {"POST", upload_path},
};

Answer ask_with(DeskHouse& house, const std::string& authorization, const std::string& query = "") {
    TestRequest request("GET", config_path + query);
    return house.ask(request.with("Authorization", authorization));
}

}  // namespace

TEST_CASE("row 17: every guarded route without a token is 401 M_MISSING_TOKEN") {
    DeskHouse house;
    for (const auto& [method, target] : guarded_routes) {
        INFO(target);
        const Answer answer = house.ask(method, target);
        CHECK(answer.status == 401);
        CHECK(answer.errcode() == "M_MISSING_TOKEN");
    }
    CHECK(house.authenticator.calls == 0);
}

TEST_CASE("row 19: a bad path is 401 before it is anything else") {
    DeskHouse house;
    for (const std::string path : {"hs.test/mxc:%2F%2Fhs.test%2Fabc", "%20/abc", "hs.test/%zz",
                                   "other.test/abc", "hs.test/abc?timeout_ms=x"})
        CHECK(house.ask("GET", download_path + path).status == 401);
    TestRequest request("POST", upload_path + "?filename=%FF");
    CHECK(house.ask(request).status == 401);
}

TEST_CASE("row 20: an unknown token is 401 M_UNKNOWN_TOKEN") {
    DeskHouse house;
    const Answer answer = house.ask("GET", config_path, "nobody");
    CHECK(answer.status == 401);
    CHECK(answer.errcode() == "M_UNKNOWN_TOKEN");
}

TEST_CASE("rows 21, 22, 32 and 33: the homeserver's own refusal comes through as it is") {
    DeskHouse house;
    house.authenticator.failures["expired"] = std::make_exception_ptr(
        matrix::Error(401, "M_UNKNOWN_TOKEN", "Access token has expired").with("soft_logout", true));
    house.authenticator.failures["locked"] =
        std::make_exception_ptr(matrix::Error(matrix::ErrorCode::user_locked, "User account has been locked")
                                    .with("soft_logout", true));
    house.authenticator.failures["outside"] =
        std::make_exception_ptr(matrix::Error(403, "M_FORBIDDEN", "not in the namespace"));
    house.authenticator.failures["device"] =
        std::make_exception_ptr(matrix::Error(400, "M_UNKNOWN_DEVICE", "no such device"));
    const auto [token, status, errcode, soft_logout] =
        GENERATE(table<std::string, int, std::string, bool>({{"expired", 401, "M_UNKNOWN_TOKEN", true},
                                                             {"locked", 401, "M_USER_LOCKED", true},
                                                             {"outside", 403, "M_FORBIDDEN", false},
                                                             {"device", 400, "M_UNKNOWN_DEVICE", false}}));
    for (const auto& [method, target] : guarded_routes) {
        const Answer answer = house.ask(method, target, token);
        CHECK(answer.status == status);
        CHECK(answer.errcode() == errcode);
        CHECK(answer.json().contains("soft_logout") == soft_logout);
        if (soft_logout) CHECK(answer.json().at("soft_logout") == true);
    }
}

TEST_CASE("row 23: a homeserver that cannot say who it is makes 503 with Retry-After, never 401") {
    DeskHouse house;
    house.authenticator.failures["alice"] =
        std::make_exception_ptr(base::UpstreamError("connection refused by 10.0.0.1"));
    const Answer answer = house.ask("GET", config_path, "alice");
    CHECK(answer.status == 503);
    CHECK(answer.errcode() == "M_UNKNOWN");
    CHECK(std::stoi(answer.header("retry-after")) >= 1);
    CHECK(answer.body.find("10.0.0.1") == std::string::npos);
    house.authenticator.failures.clear();
    CHECK(house.ask("GET", config_path, "alice").status == 200);
}

TEST_CASE("row 24: the homeserver's rate limit comes through with its Retry-After") {
    DeskHouse house;
    house.authenticator.failures["alice"] =
        std::make_exception_ptr(matrix::Error(matrix::ErrorCode::limit_exceeded, "Too many requests")
                                    .with_retry_after(std::chrono::seconds(7)));
    const Answer answer = house.ask("GET", config_path, "alice");
    CHECK(answer.status == 429);
    CHECK(answer.errcode() == "M_LIMIT_EXCEEDED");
    CHECK(answer.header("retry-after") == "7");
    CHECK(answer.json().at("retry_after_ms") == 7000);
}

TEST_CASE("row 25: a malformed Authorization header is M_MISSING_TOKEN") {
    DeskHouse house;
    const auto value =
        GENERATE(values<std::string>({"Basic x", "Bearer", "Bearer ", "", "bearer alice", "Bearer  alice",
                                      "Bearer alice bob", "Bearer\talice", "alice",
                                      "Bearer al\xC3\xAD"
                                      "ce",
                                      "Bearer alice\x7f"}));
    INFO(value);
    const Answer answer = ask_with(house, value);
    CHECK(answer.status == 401);
    CHECK(answer.errcode() == "M_MISSING_TOKEN");
    CHECK(house.authenticator.calls == 0);
}

TEST_CASE("row 25: two Authorization headers are M_MISSING_TOKEN") {
    DeskHouse house;
    TestRequest request("GET", config_path);
    const Answer answer = house.ask(request.as("alice").as("alice"));
    CHECK(answer.status == 401);
    CHECK(answer.errcode() == "M_MISSING_TOKEN");
}

TEST_CASE("row 26: the token in the query is taken where it is switched on, decoded") {
    DeskHouse house;
    CHECK(house.ask("GET", config_path + "?access_token=alice").status == 200);
    CHECK(house.ask("GET", config_path + "?x=1&access_token=al%69ce").status == 200);
    CHECK(house.ask("GET", config_path + "?access_token=").errcode() == "M_MISSING_TOKEN");
}

TEST_CASE("a token in the query that could break out of a header goes nowhere") {
    DeskHouse house;
    const auto token =
        GENERATE(values<std::string>({"a%0D%0AX-Evil:%201", "a%00", "a%20b", "a+b", "a%zz", "%C3%A9"}));
    const Answer answer = house.ask("GET", config_path + "?access_token=" + token);
    CHECK(answer.status == 401);
    CHECK(answer.errcode() == "M_UNKNOWN_TOKEN");
    CHECK(house.authenticator.calls == 0);
}

TEST_CASE("row 27: the token in the query is no token where it is switched off") {
    DeskHouse house;
    house.config.access_token_in_query = false;
    CHECK(house.ask("GET", config_path + "?access_token=alice").errcode() == "M_MISSING_TOKEN");
    CHECK(ask_with(house, "Bearer alice", "?access_token=alice").status == 200);
}

TEST_CASE("row 28: header and query token together are M_MISSING_TOKEN") {
    DeskHouse house;
    const auto query =
        GENERATE(values<std::string>({"?access_token=alice", "?access_token=", "?access_token"}));
    const Answer answer = ask_with(house, "Bearer alice", query);
    CHECK(answer.status == 401);
    CHECK(answer.errcode() == "M_MISSING_TOKEN");
}

TEST_CASE("row 29: guests may download") {
    DeskHouse house;
    const std::string id = house.upload("hello");
    CHECK(house.download(id, "guest").body == "hello");
    CHECK(house.download(id + "/f.png", "guest").status == 200);
}

TEST_CASE("row 30: guests may not upload or read the config") {
    DeskHouse house;
    for (const auto& [method, target] : {std::pair<std::string, std::string>{"POST", upload_path},
                                         {"GET", config_path},
                                         {"GET", "/_matrix/media/v3/config"}}) {
        const Answer answer = house.ask(method, target, "guest");
        CHECK(answer.status == 403);
        CHECK(answer.errcode() == "M_GUEST_ACCESS_FORBIDDEN");
    }
    CHECK(house.metrics.value("mxcd_client_auth_failures_total{reason=guest}") == 3);
}

TEST_CASE("row 31: an application service says for whom it acts, and the upload is that user's") {
    DeskHouse house;
    house.authenticator.identities.insert(
        {"bridge", media::Identity{matrix::UserId::parse("@_irc_a:hs.test").value()}});
    TestRequest request("POST", upload_path + "?user_id=%40_irc_a%3Ahs.test&device_id=D%2B1");
    CHECK(house.ask(request.as("bridge").body_is("x")).status == 200);
    const media::Credentials sent = house.authenticator.last();
    CHECK(sent.token.reveal() == "bridge");
    CHECK(sent.acting_user == "@_irc_a:hs.test");
    CHECK(sent.acting_device == "D+1");
    CHECK(sent.client_address == "192.0.2.7");
    CHECK(house.metadata.records().at(0).owner.text() == "@_irc_a:hs.test");
}

TEST_CASE("row 37: a suspended user may read and not upload") {
    DeskHouse house;
    const std::string id = house.upload("hello");
    house.authenticator.identities.at("alice").is_suspended = true;
    TestRequest request("POST", upload_path);
    const Answer refused = house.ask(request.as("alice").body_is("x"));
    CHECK(refused.status == 403);
    CHECK(refused.errcode() == "M_USER_SUSPENDED");
    CHECK(house.metadata.records().size() == 1);
    CHECK(house.download(id, "alice").body == "hello");
    CHECK(house.ask("GET", config_path, "alice").status == 200);
    CHECK(house.metrics.value("mxcd_client_auth_failures_total{reason=suspended}") == 1);
}

TEST_CASE("the older name of the asserted device is taken, too, and nobody is nobody") {
    DeskHouse house;
    static_cast<void>(house.ask("GET", config_path + "?org.matrix.msc3202.device_id=OLD", "alice"));
    CHECK(house.authenticator.last().acting_device == "OLD");
    CHECK_FALSE(house.authenticator.last().acting_user);
    static_cast<void>(
        house.ask("GET", config_path + "?org.matrix.msc3202.device_id=OLD&device_id=NEW", "alice"));
    CHECK(house.authenticator.last().acting_device == "NEW");
    CHECK(house.ask("GET", config_path + "?user_id=%FF", "alice").errcode() == "M_INVALID_PARAM");
}
