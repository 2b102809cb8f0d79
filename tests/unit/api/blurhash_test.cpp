#include "moderation_house.hpp"
#include "support/test_png.hpp"

using namespace mxcd;
using namespace mxcd::test;

namespace {

const std::string wish = "?xyz.amorgan.generate_blurhash=true";

Answer upload(DeskHouse& house, const std::string& query, const std::string& body = test_png(400, 300),
              const std::string& type = "image/png") {
    TestRequest request("POST", upload_path + query);
    request.as("alice").with("Content-Type", type).body_is(body);
    return house.ask(request);
}

}  // namespace

TEST_CASE("MSC2448: an upload that asks for it is answered with the hash of its image") {
    DeskHouse house;
    house.prepares_thumbnails = true;
    house.config.experiments = api::msc2448;
    const Answer answer = upload(house, wish);
    CHECK(answer.status == 200);
    CHECK(answer.text("xyz.amorgan.blurhash") == grey_blurhash);
    CHECK(answer.text("content_uri").starts_with("mxc://hs.test/"));
    CHECK(house.thumbnailer.decodes == 1);
    for (const auto* const other : {"", "?xyz.amorgan.generate_blurhash=false"})
        CHECK_FALSE(upload(house, other).json().contains("xyz.amorgan.blurhash"));
}

TEST_CASE("MSC2448: it is off unless the operator switches it on") {
    DeskHouse house;
    house.prepares_thumbnails = true;
    CHECK_FALSE(upload(house, wish).json().contains("xyz.amorgan.blurhash"));
}

TEST_CASE("MSC2448: an upload never fails for its hash") {
    DeskHouse house;
    house.prepares_thumbnails = true;
    house.config.experiments = api::msc2448;
    const auto answers_without = [&house](const std::string& body, const std::string& type) {
        const Answer answer = upload(house, wish, body, type);
        CHECK(answer.status == 200);
        CHECK_FALSE(answer.json().contains("xyz.amorgan.blurhash"));
    };
    answers_without("no picture", "image/png");
    answers_without("hello", "text/plain");
    answers_without(test_png(1001, 1000).substr(0, 900), "image/png");
    house.thumbnailer.is_busy = true;
    answers_without(test_png(40, 30), "image/png");
    house.thumbnailer.is_busy = false;
    house.thumbnailer.stop();
    answers_without(test_png(50, 30), "image/png");
}

TEST_CASE("admins see what is known about a picture") {
    ModerationHouse house;
    house.prepares_thumbnails = true;
    const std::string id = house.upload(test_png(400, 300), "image/png");
    REQUIRE(eventually([&house, &id] { return house.facts(id).contains("mxcd.picture"); }));
    const matrix::Json picture = house.facts(id).at("mxcd.picture");
    CHECK(picture.at("width") == 400);
    CHECK(picture.at("height") == 300);
    CHECK(picture.at("blurhash") == grey_blurhash);
    CHECK_FALSE(house.facts(house.upload("no picture")).contains("mxcd.picture"));
}
