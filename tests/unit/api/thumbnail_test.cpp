#include "mxcd/base/hash.hpp"

#include "desk_house.hpp"
#include "support/test_png.hpp"

using namespace mxcd;
using namespace mxcd::test;

namespace {

const std::string picture = test_png(400, 300);

Answer thumbnail(DeskHouse& house, const std::string& id, const std::string& query,
                 const std::string& token = "alice") {
    return house.ask("GET", thumbnail_path + "hs.test/" + id + "?" + query, token);
}

std::string upload(DeskHouse& house, const std::string& bytes = picture) {
    return house.upload(bytes, "image/png");
}

}  // namespace

TEST_CASE("rows 103, 104, 105 and 118: nonsense in the query is 400, after authentication") {
    DeskHouse house;
    const std::string id = upload(house);
    const auto [query, errcode] =
        GENERATE(table<std::string, std::string>({{"", "M_MISSING_PARAM"},
                                                  {"width=32", "M_MISSING_PARAM"},
                                                  {"height=32", "M_MISSING_PARAM"},
                                                  {"width=abc&height=32", "M_INVALID_PARAM"},
                                                  {"width=-1&height=32", "M_INVALID_PARAM"},
                                                  {"width=0&height=32", "M_INVALID_PARAM"},
                                                  {"width=1e3&height=32", "M_INVALID_PARAM"},
                                                  {"width=32&height=99999999999999", "M_INVALID_PARAM"},
                                                  {"width=%FF&height=32", "M_INVALID_PARAM"},
                                                  {"width=%ZZ&height=32", "M_INVALID_PARAM"},
                                                  {"width=32&height=32&method=foo", "M_INVALID_PARAM"},
                                                  {"width=32&height=32&animated=maybe", "M_INVALID_PARAM"},
                                                  {"width=32&height=32&timeout_ms=-1", "M_INVALID_PARAM"}}));
    CAPTURE(query);
    const Answer answer = thumbnail(house, id, query);
    CHECK(answer.status == 400);
    CHECK(answer.errcode() == errcode);
    CHECK(answer.header("x-content-type-options") == "nosniff");
    CHECK(thumbnail(house, id, query, "").status == 401);
    CHECK(house.thumbnailer.decodes == 0);
}

TEST_CASE("rows 111 and 112: a thumbnail says what it is, is shown inline and is protected like a download") {
    DeskHouse house;
    const auto [query, size] = GENERATE(table<std::string, std::pair<int, int>>(
        {{"width=96&height=96&method=crop", {96, 96}}, {"width=320&height=240", {320, 240}}}));
    const Answer answer = thumbnail(house, upload(house), query);
    CHECK(answer.status == 200);
    CHECK(png_size(answer.body) == size);
    CHECK(answer.header("content-type") == "image/png");
    CHECK(answer.header("content-disposition") == "inline; filename=thumbnail.png");
    CHECK(answer.header("cross-origin-resource-policy") == "cross-origin");
    CHECK(answer.header("content-security-policy").starts_with("sandbox;"));
    CHECK(answer.header("etag") == '"' + base::to_hex(base::sha256(answer.body)) + '"');
}

TEST_CASE("a request gets the smallest configured size that covers it, with its method if there is one") {
    DeskHouse house;
    house.thumbnail_policy.sizes = {{20, 20, media::ThumbnailMethod::crop},
                                    {60, 60, media::ThumbnailMethod::crop},
                                    {100, 80, media::ThumbnailMethod::scale}};
    const std::string id = upload(house);
    const auto [query, size] = GENERATE(table<std::string, std::pair<int, int>>({
        {"width=1&height=1&method=crop", {20, 20}},
        {"width=20&height=21&method=crop", {60, 60}},
        {"width=61&height=61&method=crop", {107, 80}},
        {"width=5&height=5", {107, 80}},
        {"width=100&height=81", {400, 300}},
    }));
    CAPTURE(query);
    CHECK(png_size(thumbnail(house, id, query).body) == size);
    CHECK(house.thumbnailer.decodes <= 2);
}

TEST_CASE("row 109: what would have to be made larger is the original, byte by byte") {
    DeskHouse house;
    const std::string id = upload(house);
    CHECK(thumbnail(house, id, "width=2000&height=2000&method=crop").body == picture);
    CHECK(thumbnail(house, id, "width=401&height=10").body == picture);
}

TEST_CASE("rows 119, 121 and 122: what cannot be thumbnailed is 400, too many pixels are 413") {
    DeskHouse house;
    const auto [body, status, errcode] = GENERATE(
        table<std::string, int, std::string>({{"hello", 400, "M_UNKNOWN"},
                                              {picture.substr(0, 3000), 400, "M_UNKNOWN"},
                                              {test_png(1001, 1000).substr(0, 60'000), 400, "M_UNKNOWN"},
                                              {test_png(1001, 1000), 413, "M_TOO_LARGE"}}));
    house.policy.max_upload_size = base::ByteCount(4 * 1024 * 1024);
    const std::string id = upload(house, body);
    for (int time = 0; time < 2; ++time) {
        const Answer answer = thumbnail(house, id, "width=32&height=32");
        CHECK(answer.status == status);
        CHECK(answer.errcode() == errcode);
    }
    // What failed is remembered for a while, and what does not even begin like an image is never tried.
    CHECK(house.thumbnailer.decodes == (body == "hello" ? 0 : 1));
}

TEST_CASE("row 124: unknown media, and media of other servers, are 404") {
    DeskHouse house;
    CHECK(thumbnail(house, "UnknownUnknownUnknownUnk", "width=32&height=32").errcode() == "M_NOT_FOUND");
    const std::string id = upload(house);
    CHECK(house.ask("GET", thumbnail_path + "other.test/" + id + "?width=32&height=32", "alice").status ==
          404);
    CHECK(house.ask("GET", thumbnail_path + "hs.test/a%20b?width=32&height=32", "alice").status == 404);
}

TEST_CASE("a known entity tag is answered with 304, and guests may look") {
    DeskHouse house;
    const std::string id = upload(house);
    const Answer first = thumbnail(house, id, "width=32&height=32&method=crop", "guest");
    REQUIRE(first.status == 200);
    TestRequest again("GET", thumbnail_path + "hs.test/" + id + "?width=32&height=32&method=crop");
    const Answer known = house.ask(again.as("alice").with("If-None-Match", first.header("etag")));
    CHECK(known.status == 304);
    CHECK(known.header("etag") == first.header("etag"));
}

TEST_CASE("a full queue of decodes is 503 with Retry-After, and nothing is remembered of it") {
    DeskHouse house;
    const std::string id = house.upload(picture, "application/octet-stream");
    house.thumbnailer.is_busy = true;
    const Answer busy = thumbnail(house, id, "width=32&height=32");
    CHECK(busy.status == 503);
    CHECK(busy.has("retry-after"));
    house.thumbnailer.is_busy = false;
    CHECK(thumbnail(house, id, "width=32&height=32").status == 200);
}

TEST_CASE("WebP is for those who name it, where it is offered") {
    DeskHouse house;
    house.thumbnail_policy.offers_webp = true;
    const std::string id = upload(house);
    const auto [accept, decodes] = GENERATE(table<std::string, int>({{"image/webp,*/*;q=0.8", 2},
                                                                     {"*/*", 1},
                                                                     {"image/webp;q=0", 1},
                                                                     {"image/png", 1},
                                                                     {"image/webp;q=0.5", 2}}));
    CAPTURE(accept);
    CHECK(thumbnail(house, id, "width=32&height=32&method=crop").header("vary") == "Accept");
    TestRequest request("GET", thumbnail_path + "hs.test/" + id + "?width=32&height=32&method=crop");
    CHECK(house.ask(request.as("alice").with("Accept", accept)).status == 200);
    CHECK(house.thumbnailer.decodes == decodes);
}

TEST_CASE("exact sizes are made where the operator allows it, up to 64 per piece of media") {
    DeskHouse house;
    house.thumbnail_policy.is_dynamic = true;
    house.thumbnail_policy.sizes = {{50, 50, media::ThumbnailMethod::crop}};
    const std::string id = upload(house);
    for (int width = 100; width < 164; ++width) {
        const std::string query = "width=" + std::to_string(width) + "&height=10&method=crop";
        CHECK(png_size(thumbnail(house, id, query).body) == std::pair(width, 10));
    }
    CHECK(png_size(thumbnail(house, id, "width=7&height=7&method=crop").body) == std::pair(50, 50));
    CHECK(png_size(thumbnail(house, id, "width=100&height=10&method=crop").body) == std::pair(100, 10));
}
