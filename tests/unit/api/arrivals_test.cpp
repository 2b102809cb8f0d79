#include "api/media_path.hpp"
#include "async_upload_house.hpp"
#include "support/test_png.hpp"

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

Answer timed(AsyncUploadHouse& house, const std::string& path, std::chrono::milliseconds& took) {
    const auto began = Clock::now();
    Answer answer = house.download(path);
    took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    return answer;
}

/// A download of `id` that waits beside the test.
struct Waiting {
    Waiting(AsyncUploadHouse& house, const std::string& id, const std::string& route = download_path)
        : request("GET", route + "hs.test/" + id) {
        request.as("alice");
        answer = house.begin(request);
    }
    TestRequest request;
    std::future<http::Response> answer;
};

}  // namespace

TEST_CASE("row 74: a download of pending media waits as long as it was told to") {
    AsyncUploadHouse house;
    std::chrono::milliseconds took{};
    const Answer answer = timed(house, house.create() + "?timeout_ms=200", took);
    CHECK(answer.status == 504);
    CHECK(answer.errcode() == "M_NOT_YET_UPLOADED");
    CHECK(answer.header("content-security-policy") != "(none)");
    CHECK(took >= 200ms);
    CHECK(took < 2s);
}

TEST_CASE("row 75: a download that may not wait is answered at once") {
    AsyncUploadHouse house;
    std::chrono::milliseconds took{};
    const Answer answer = timed(house, house.create() + "?timeout_ms=0", took);
    CHECK(answer.status == 504);
    CHECK(took < 1s);
}

TEST_CASE("rows 73 and 76: twenty seconds are the default, a minute is the most") {
    CHECK(api::patience_in("") == 20s);
    CHECK(api::patience_in("timeout_ms=1500") == 1500ms);
    CHECK(api::patience_in("timeout_ms=99999999") == 60s);
    CHECK(api::patience_in("timeout_ms=99999999999999999999999") == 60s);
}

TEST_CASE("row 77: a time that is no number is a mistake, whether the media is there or not") {
    AsyncUploadHouse house;
    const std::string pending = house.create();
    const std::string there = house.upload("x");
    for (const std::string& id : {pending, there, std::string("abcdefghijklmnopqrstuvwx")})
        for (const char* time : {"-1", "abc", "", "1.5"}) {
            CAPTURE(time);
            CHECK(house.download(id + "?timeout_ms=" + time).errcode() == "M_INVALID_PARAM");
        }
}

TEST_CASE("row 78: an upload wakes whoever waits for it") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    const std::string other = house.create();
    Waiting first(house, id);
    Waiting second(house, id + "?timeout_ms=99999999999999999999");
    Waiting elsewhere(house, other);
    REQUIRE(house.are_waiting(3));
    const auto began = Clock::now();
    REQUIRE(house.put(id, "hello").status == 200);
    CHECK(read_answer(first.answer.get()).body == "hello");
    CHECK(read_answer(second.answer.get()).body == "hello");
    CHECK(Clock::now() - began < 500ms);
    REQUIRE(house.are_waiting(1));
    REQUIRE(house.put(other, "x").status == 200);
    CHECK(read_answer(elsewhere.answer.get()).status == 200);
    CHECK(house.are_waiting(0));
}

TEST_CASE("row 79: a download that waits is not found once the ID expires") {
    AsyncUploadHouse house;
    house.policy.pending_lifetime = 200ms;
    Waiting download(house, house.create());
    REQUIRE(house.are_waiting(1));
    house.clock.advance(200ms);
    CHECK(read_answer(download.answer.get()).errcode() == "M_NOT_FOUND");
}

TEST_CASE("row 80: those beyond the number that may wait are answered early") {
    AsyncUploadHouse house;
    house.max_waiting = 2;
    const std::string id = house.create();
    Waiting first(house, id);
    Waiting second(house, id);
    REQUIRE(house.are_waiting(2));
    CHECK(house.download(id).errcode() == "M_NOT_YET_UPLOADED");
    CHECK(house.download("abcdefghijklmnopqrstuvwx").errcode() == "M_NOT_FOUND");
    REQUIRE(house.put(id, "x").status == 200);
    CHECK(read_answer(first.answer.get()).status == 200);
    CHECK(read_answer(second.answer.get()).status == 200);
}

TEST_CASE("row 124: a thumbnail of pending media waits, too") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    const std::string box = "?width=32&height=32&timeout_ms=";
    const Answer late = house.ask("GET", thumbnail_path + "hs.test/" + id + box + "50", "alice");
    CHECK(late.status == 504);
    CHECK(late.errcode() == "M_NOT_YET_UPLOADED");
    Waiting thumbnail(house, id + box + "20000", thumbnail_path);
    REQUIRE(house.are_waiting(1));
    TestRequest picture("PUT", upload_path + "/hs.test/" + id);
    picture.as("alice").with("Content-Type", "image/png").body_is(test_png(400, 300));
    REQUIRE(house.ask(picture).status == 200);
    CHECK(read_answer(thumbnail.answer.get()).header("content-type").starts_with("image/"));
}

TEST_CASE("a client that hangs up waits no longer") {
    AsyncUploadHouse house;
    Waiting download(house, house.create());
    REQUIRE(house.are_waiting(1));
    download.request.hangs_up();
    CHECK_THROWS_AS(download.answer.get(), base::ClientGone);
    CHECK(house.are_waiting(0));
}

TEST_CASE("at a stop nobody waits any more") {
    AsyncUploadHouse house;
    const std::string id = house.create();
    Waiting download(house, id);
    REQUIRE(house.are_waiting(1));
    house.arrivals().stop();
    CHECK(read_answer(download.answer.get()).errcode() == "M_NOT_YET_UPLOADED");
    CHECK(house.download(id).errcode() == "M_NOT_YET_UPLOADED");
    REQUIRE(house.put(id, "x").status == 200);
    CHECK(house.download(id).status == 200);
}
