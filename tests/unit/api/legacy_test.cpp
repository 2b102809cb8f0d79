#include "async_upload_house.hpp"
#include "support/test_png.hpp"

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

const std::string box = "?width=32&height=32&method=crop";

/// Media from before the freeze (`old_media`) and after it (`new_media`), both pictures.
struct LegacyHouse : AsyncUploadHouse {
    LegacyHouse() {
        policy.authenticates_media = false;
        config.enable_authenticated_media = false;
        old_media = upload(picture, "image/png", "?filename=cat.png");
        freeze();
        new_media = upload(picture, "image/png");
    }
    void freeze() {
        policy.authenticates_media = true;
        uploads().reconfigure(policy);
        config.enable_authenticated_media = true;
        desk().reconfigure(config);
    }
    void thaw() {
        policy.authenticates_media = false;
        uploads().reconfigure(policy);
        config.enable_authenticated_media = false;
        desk().reconfigure(config);
    }
    Answer legacy(const std::string& path, const std::string& token = "") {
        return ask("GET", "/_matrix/media/v3/" + path, token);
    }

    std::string picture = test_png(400, 300);
    std::string old_media;
    std::string new_media;
};

}  // namespace

TEST_CASE("row 141: what is older than the freeze is given out without a token, like with one") {
    LegacyHouse house;
    const auto version = GENERATE(values<std::string>({"v3", "r0", "v1"}));
    house.listener = GENERATE(api::resource_media, api::resource_federation);
    const std::string prefix = "/_matrix/media/" + version;
    const std::string id = "hs.test/" + house.old_media;
    const Answer download = house.ask("GET", prefix + "/download/" + id);
    CHECK(download.status == 200);
    CHECK(download.body == house.picture);
    CHECK(house.ask("GET", prefix + "/download/" + id + "/dog.png").header("content-disposition") ==
          "inline; filename=dog.png");
    const Answer thumbnail = house.ask("GET", prefix + "/thumbnail/" + id + box);
    CHECK(thumbnail.status == 200);
    house.listener = api::resource_media;
    CHECK(download.headers == house.download(house.old_media).headers);
    CHECK(thumbnail.headers == house.ask("GET", thumbnail_path + id + box, "alice").headers);
}

TEST_CASE("rows 142 and 143: what is newer than the freeze is not found, with a token neither") {
    LegacyHouse house;
    const std::string token = GENERATE("", "alice");
    for (const std::string& path :
         {"download/hs.test/" + house.new_media, "download/hs.test/" + house.new_media + "/cat.png",
          "thumbnail/hs.test/" + house.new_media + box}) {
        CAPTURE(path);
        const Answer answer = house.legacy(path, token);
        CHECK(answer.status == 404);
        CHECK(answer.errcode() == "M_NOT_FOUND");
        CHECK(answer.header("content-security-policy") != "(none)");
    }
    CHECK(house.download(house.new_media).status == 200);
}

TEST_CASE("row 96: frozen media has no 304 for those who know its entity tag") {
    LegacyHouse house;
    const std::string tag = house.download(house.new_media).header("etag");
    TestRequest request("GET", "/_matrix/media/v3/download/hs.test/" + house.new_media);
    CHECK(house.ask(request.with("If-None-Match", tag)).status == 404);
    TestRequest old("GET", "/_matrix/media/v3/download/hs.test/" + house.old_media);
    CHECK(house.ask(old.with("If-None-Match", tag)).status == 304);
}

TEST_CASE("row 144: what the operator exempts is given out whenever it was uploaded") {
    LegacyHouse house;
    house.config.unauthenticated_media = {"mxc://hs.test/" + house.new_media};
    house.desk().reconfigure(house.config);
    CHECK(house.legacy("download/hs.test/" + house.new_media).status == 200);
    CHECK(house.legacy("thumbnail/hs.test/" + house.new_media + box).status == 200);
    CHECK(house.legacy("download/hs.test/" + house.upload("another")).status == 404);
}

TEST_CASE("row 145: a token that is wrong does no harm, and nobody is asked about it") {
    LegacyHouse house;
    const int calls = house.authenticator.calls;
    CHECK(house.legacy("download/hs.test/" + house.old_media, "garbage").status == 200);
    CHECK(house.legacy("download/hs.test/" + house.old_media + "?access_token=garbage").status == 200);
    CHECK(house.authenticator.calls == calls);
}

TEST_CASE("row 146: without a freeze everything is given out, and what comes meanwhile stays open") {
    LegacyHouse house;
    house.thaw();
    const std::string meanwhile = house.upload("hello", "img/png");
    CHECK(house.legacy("download/hs.test/" + house.new_media).status == 200);
    CHECK(house.legacy("download/hs.test/" + meanwhile).header("content-type") == "img/png");
    house.freeze();
    CHECK(house.legacy("download/hs.test/" + house.new_media).status == 404);
    CHECK(house.legacy("download/hs.test/" + meanwhile).status == 200);
}

TEST_CASE("rows 147, 148 and 151: other servers' media is not found, whatever is asked") {
    LegacyHouse house;
    const auto query = GENERATE(values<std::string>({"", "?allow_remote=false", "?allow_remote=true"}));
    CHECK(house.legacy("download/other.test/abc" + query).errcode() == "M_NOT_FOUND");
    house.thaw();
    CHECK(house.legacy("download/loop.test/abc" + query).errcode() == "M_NOT_FOUND");
}

TEST_CASE("row 149: nobody is redirected, asked for or not") {
    LegacyHouse house;
    const auto query = GENERATE(
        values<std::string>({"", "?allow_redirect=false", "?allow_redirect=true", "?allow_redirect=x"}));
    const Answer answer = house.legacy("download/hs.test/" + house.old_media + query);
    CHECK(answer.status == 200);
    CHECK(answer.body == house.picture);
}

TEST_CASE("row 73: the old routes wait for pending media as well, freeze or not") {
    LegacyHouse house;
    const bool is_frozen = GENERATE(true, false);
    if (!is_frozen) house.thaw();
    const std::string id = house.create();
    CHECK(house.legacy("download/hs.test/" + id + "?timeout_ms=0").errcode() == "M_NOT_YET_UPLOADED");
    TestRequest download("GET", "/_matrix/media/v3/download/hs.test/" + id);
    std::future<http::Response> waiting = house.begin(download);
    REQUIRE(house.are_waiting(1));
    REQUIRE(house.put(id, "hello").status == 200);
    CHECK(read_answer(waiting.get()).status == (is_frozen ? 404 : 200));
}

TEST_CASE("the old routes are open; config and upload below the same prefix are not") {
    LegacyHouse house;
    const auto version = GENERATE(values<std::string>({"v3", "r0", "v1"}));
    CHECK(house.ask("GET", "/_matrix/media/" + version + "/config").status == 401);
    CHECK(house.ask("POST", "/_matrix/media/" + version + "/upload").status == 401);
    CHECK(house.ask("GET", "/_matrix/media/" + version + "/download/hs.test/unknown").status == 404);
    CHECK(house.ask("GET", "/_matrix/media/" + version + "/download/hs.test/unknown?timeout_ms=x").status ==
          400);
}
