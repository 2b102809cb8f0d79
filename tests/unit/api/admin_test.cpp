#include "moderation_house.hpp"

#include <algorithm>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

TEST_CASE("the admin's routes are for admins, on listeners that say so") {
    ModerationHouse house;
    const std::string id = house.upload("x");
    const auto [method, route] =
        GENERATE(table<std::string, std::string>({{"GET", "media/hs.test/ID"},
                                                  {"DELETE", "media/hs.test/ID"},
                                                  {"POST", "media/quarantine/hs.test/ID"},
                                                  {"POST", "media/unquarantine/hs.test/ID"},
                                                  {"POST", "media/protect/ID"},
                                                  {"POST", "media/unprotect/ID"},
                                                  {"POST", "user/@alice:hs.test/media/quarantine"},
                                                  {"GET", "users/@alice:hs.test/media"},
                                                  {"DELETE", "users/@alice:hs.test/media"}}));
    std::string path = route;
    if (path.ends_with("ID")) path.replace(path.size() - 2, 2, id);
    CHECK(house.admin(method, path, "").errcode() == "M_MISSING_TOKEN");
    const Answer refused = house.admin(method, path, "alice");
    CHECK(refused.status == 403);
    CHECK(refused.errcode() == "M_FORBIDDEN");
    CHECK(refused.text("error") == "You are not a server admin");
    CHECK(house.admin(method, path, "guest").status == 403);
    CHECK(house.download(id).status == 200);
    CHECK(house.admin("OPTIONS", path, "").status == 204);
    CHECK(house.admin(method, path).status == 200);
    house.listener = api::resource_media;
    CHECK(house.admin(method, path).errcode() == "M_UNRECOGNIZED");
}

TEST_CASE("row 94: what an admin deletes is not found any more, and its bytes go") {
    ModerationHouse house;
    const std::string body = GENERATE(std::string("small"), large_body);
    const std::string id = house.upload(body);
    REQUIRE(house.download(id).status == 200);
    const Answer answer = house.admin("DELETE", "media/hs.test/" + id);
    CHECK(answer.status == 200);
    CHECK(answer.json() == matrix::Json{{"deleted_media", {id}}, {"total", 1}});
    const Answer gone = house.download(id);
    CHECK(gone.status == 404);
    CHECK(gone.errcode() == "M_NOT_FOUND");
    CHECK(house.metadata.records().empty());
    CHECK(eventually([&house] { return house.blobs.blob_count() == 0; }));
    CHECK(house.admin("DELETE", "media/hs.test/" + id).text("error") == "Unknown media");
    CHECK(house.put(id, "again").errcode() == "M_NOT_FOUND");
}

TEST_CASE("bytes stay as long as other media has the same") {
    ModerationHouse house;
    const std::string first = house.upload(large_body);
    const std::string second = house.upload_as("bob", large_body);
    CHECK(house.admin("DELETE", "media/hs.test/" + first).status == 200);
    CHECK(house.download(second).body == large_body);
    CHECK(house.admin("DELETE", "media/hs.test/" + second).status == 200);
    CHECK(eventually([&house] { return house.blobs.blob_count() == 0; }));
}

TEST_CASE("bytes that are being uploaded again survive the deletion of those before") {
    ModerationHouse house;
    const std::string old = house.upload(large_body);
    const std::string id = house.create();
    ScriptedBody slow(large_body);
    slow.wait_before_end();
    TestRequest request("PUT", upload_path + "/hs.test/" + id);
    request.as("alice").body_from(slow, std::ssize(large_body));
    std::future<http::Response> running = house.begin(request);
    REQUIRE(eventually([&slow] { return slow.is_waiting(); }));
    CHECK(house.admin("DELETE", "media/hs.test/" + old).status == 200);
    slow.go_on(house.runner.executor());
    CHECK(read_answer(running.get()).status == 200);
    CHECK(house.download(id).body == large_body);
}

TEST_CASE("what is not here is answered as Synapse answers it") {
    struct Case {
        const char* method;
        const char* path;
        int status;
        const char* errcode;
        const char* error;
    };
    const auto [method, path, status, errcode, error] = GENERATE(values<Case>({
        {"GET", "media/hs.test/unknown", 404, "M_NOT_FOUND", "Unknown media"},
        {"GET", "media/other.test/abc", 404, "M_NOT_FOUND", "Unknown media"},
        {"GET", "media/no%20server/abc", 404, "M_NOT_FOUND", "Unknown media"},
        {"DELETE", "media/hs.test/unknown", 404, "M_NOT_FOUND", "Unknown media"},
        {"DELETE", "media/other.test/abc", 400, "M_UNKNOWN", "Can only delete local media"},
        {"DELETE", "media/other.test/no%20id", 400, "M_UNKNOWN", "Can only delete local media"},
        {"DELETE", "media/no%20server/abc", 400, "M_UNKNOWN", "Can only delete local media"},
        {"POST", "media/protect/unknown", 404, "M_UNKNOWN", "No row found (local_media_repository)"},
        {"POST", "media/unprotect/unknown", 404, "M_UNKNOWN", "No row found (local_media_repository)"},
        {"GET", "users/@alice:other.test/media", 400, "M_UNKNOWN", "Can only look up local users"},
        {"GET", "users/alice/media", 400, "M_UNKNOWN", "Can only look up local users"},
        {"DELETE", "users/@alice:other.test/media", 400, "M_UNKNOWN", "Can only look up local users"},
        // As everywhere here, whatever Synapse says: what cannot be a media ID is not found.
        {"GET", "media/hs.test/no%20id", 404, "M_NOT_FOUND", "Not found"},
        {"POST", "media/quarantine/hs.test/no%20id", 404, "M_NOT_FOUND", "Not found"},
        {"POST", "media/protect/no%20id", 404, "M_NOT_FOUND", "Not found"},
    }));
    CAPTURE(method, path);
    ModerationHouse house;
    const Answer answer = house.admin(method, path);
    CHECK(answer.status == status);
    CHECK(answer.json() == matrix::Json{{"errcode", errcode}, {"error", error}});
}

TEST_CASE(
    "quarantining what is not here changes nothing, and is no error unless somebody else is asked then") {
    const std::string verb = GENERATE("quarantine", "unquarantine");
    const std::string media = GENERATE("hs.test/unknown", "other.test/abc", "no%20server/abc");
    ModerationHouse house;
    TestRequest request("POST", "/_synapse/admin/v1/media/" + verb + "/" + media);
    const Answer answer = house.ask(request.as("root"));
    CHECK(answer.status == 200);
    CHECK(answer.json() == matrix::Json::object());
    TestRequest from_proxy("POST", "/_synapse/admin/v1/media/" + verb + "/" + media);
    const Answer handed_over = house.ask(from_proxy.as("root").with("X-Mxcd-Hand-Over", "1"));
    CHECK(handed_over.status == 404);
    CHECK(handed_over.json() == matrix::Json{{"errcode", "M_NOT_FOUND"}, {"error", "Unknown media"}});
}

TEST_CASE("row 94: quarantine follows the bytes, those that come later included") {
    ModerationHouse house;
    const std::string body = GENERATE(std::string("small"), large_body);
    const std::string first = house.upload(body);
    const std::string second = house.upload_as("bob", body);
    const std::string other = house.upload("other");
    REQUIRE(house.download(first).status == 200);
    CHECK(house.admin("POST", "media/quarantine/hs.test/" + first).json() == matrix::Json::object());
    const std::string later = house.upload(body);
    for (const std::string& id : {first, second, later}) CHECK(house.download(id).errcode() == "M_NOT_FOUND");
    CHECK(house.download(other).status == 200);
    CHECK(house.facts(first).at("quarantined_by") == "@root:hs.test");
    CHECK(house.facts(later).at("quarantined_by") == "system");
    CHECK(house.admin("POST", "media/unquarantine/hs.test/" + later).status == 200);
    for (const std::string& id : {first, second, later}) CHECK(house.download(id).body == body);
    CHECK(house.facts(first).at("quarantined_by").is_null());
}

TEST_CASE("protected media is skipped by quarantine until it is unprotected") {
    ModerationHouse house;
    const std::string first = house.upload("same");
    const std::string second = house.upload("same");
    CHECK(house.admin("POST", "media/protect/" + first).json() == matrix::Json::object());
    CHECK(house.facts(first).at("safe_from_quarantine") == true);
    CHECK(house.admin("POST", "media/quarantine/hs.test/" + first).status == 200);
    CHECK(house.download(second).status == 200);
    CHECK(house.admin("POST", "media/quarantine/hs.test/" + second).status == 200);
    CHECK(house.download(first).status == 200);
    CHECK(house.download(second).status == 404);
    CHECK(house.admin("POST", "media/unprotect/" + first).status == 200);
    CHECK(house.admin("POST", "media/quarantine/hs.test/" + first).status == 200);
    CHECK(house.download(first).status == 404);
}

TEST_CASE("all media of a user is quarantined at once") {
    ModerationHouse house;
    const std::string one = house.upload("one");
    const std::string two = house.upload(large_body);
    const std::string safe = house.upload("safe");
    const std::string bobs = house.upload_as("bob", "bob's own");
    const std::string copy = house.upload_as("bob", "one");
    house.admin("POST", "media/protect/" + safe);
    CHECK(house.admin("POST", "user/%40alice%3Ahs.test/media/quarantine").json().at("num_quarantined") == 3);
    for (const std::string& id : {one, two, copy}) CHECK(house.download(id).status == 404);
    for (const std::string& id : {safe, bobs}) CHECK(house.download(id).status == 200);
    CHECK(house.admin("POST", "user/@alice:hs.test/media/quarantine").json().at("num_quarantined") == 0);
    for (const char* nobody : {"@alice:other.test", "@nobody:hs.test", "alice"})
        CHECK(house.admin("POST", std::string("user/") + nobody + "/media/quarantine").json() ==
              matrix::Json{{"num_quarantined", 0}});
}

TEST_CASE("an admin sees what is known about media, quarantined or not") {
    ModerationHouse house;
    const std::string id = house.upload("hello", "image/png", "?filename=cat.png");
    const matrix::Json facts = house.facts(id);
    CHECK(facts.at("media_id") == id);
    CHECK(facts.at("user_id") == "@alice:hs.test");
    CHECK(facts.at("media_type") == "image/png");
    CHECK(facts.at("media_length") == 5);
    CHECK(facts.at("upload_name") == "cat.png");
    CHECK(facts.at("created_ts") == house.clock.now().time_since_epoch().count());
    CHECK(facts.at("authenticated") == true);
    CHECK(facts.at("safe_from_quarantine") == false);
    CHECK(facts.at("sha256") == base::to_hex(base::sha256("hello")));
    for (const char* key : {"media_origin", "filesystem_id", "url_cache", "last_access_ts", "quarantined_by"})
        CHECK(facts.at(key).is_null());
    house.admin("POST", "media/quarantine/hs.test/" + id);
    CHECK(house.facts(id).at("quarantined_by") == "@root:hs.test");
}

TEST_CASE("a user's media is listed page by page, the newest first unless asked otherwise") {
    ModerationHouse house;
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(house.upload("number " + std::to_string(i)));
        house.clock.advance(1s);
    }
    house.upload_as("bob", "bob's");
    const auto listed = [&house](const std::string& query) {
        return house.admin("GET", "users/@alice:hs.test/media" + query).json();
    };
    const matrix::Json all = listed("");
    CHECK(all.at("total") == 5);
    CHECK(all.at("media").size() == 5);
    CHECK_FALSE(all.contains("next_token"));
    CHECK(all.at("media").at(0).at("media_id") == ids.at(4));
    const matrix::Json page = listed("?from=1&limit=2");
    CHECK(page.at("media").at(0).at("media_id") == ids.at(3));
    CHECK(page.at("media").size() == 2);
    CHECK(page.at("next_token") == 3);
    CHECK(listed("?dir=f").at("media").at(0).at("media_id") == ids.at(0));
    CHECK(listed("?order_by=created_ts").at("media").at(0).at("media_id") == ids.at(0));
    CHECK(listed("?order_by=created_ts&dir=b").at("media").at(0).at("media_id") == ids.at(4));
    CHECK(listed("?from=9").at("media").empty());
    CHECK(house.admin("GET", "users/@nobody:hs.test/media").json().at("total") == 0);
    CHECK(listed("?order_by=media_id").at("media").at(0).at("media_id") == *std::ranges::min_element(ids));
    CHECK(listed("?order_by=media_id&dir=b").at("media").at(0).at("media_id") ==
          *std::ranges::max_element(ids));
    for (const char* order : {"last_access_ts", "upload_name", "media_length", "media_type", "quarantined_by",
                              "safe_from_quarantine"})
        CHECK(listed(std::string("?order_by=") + order).at("media").size() == 5);
    for (const char* query : {"?from=-1", "?limit=x", "?dir=up", "?order_by=size", "?limit="})
        CHECK(house.admin("GET", std::string("users/@alice:hs.test/media") + query).errcode() ==
              "M_INVALID_PARAM");
}

TEST_CASE("a page of a user's media is deleted at once") {
    ModerationHouse house;
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) {
        ids.push_back(house.upload("number " + std::to_string(i)));
        house.clock.advance(1s);
    }
    const matrix::Json answer = house.admin("DELETE", "users/@alice:hs.test/media?limit=2").json();
    CHECK(answer == matrix::Json{{"deleted_media", {ids.at(2), ids.at(1)}}, {"total", 2}});
    CHECK(house.download(ids.at(0)).status == 200);
    CHECK(house.download(ids.at(1)).status == 404);
}
