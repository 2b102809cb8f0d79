#include "imaging/blurhash.hpp"

#include "support/catch.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

using namespace mxcd::imaging;

namespace {

struct Rgb {
    int red;
    int green;
    int blue;
};

std::string hash_of(int width, int height, const std::function<Rgb(int, int)>& pixel) {
    std::vector<std::byte> rgb;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (const int value : {pixel(x, y).red, pixel(x, y).green, pixel(x, y).blue})
                rgb.push_back(static_cast<std::byte>(value));
    const BlurHash hash = blurhash({width, height, rgb});
    return {hash.data(), hash.size()};
}

}  // namespace

// Computed by another implementation: the sums of the public description over all pixels and waves, written
// down in Python with nothing precomputed, as in tests/e2e/blurhash_test.py.
TEST_CASE("a BlurHash is what the algorithm's description says") {
    CHECK(hash_of(8, 8, [](int, int) { return Rgb{128, 128, 128}; }) == "L8Eyb[~qfQ~q~qt7fQt7fQfQfQfQ");
    CHECK(hash_of(8, 6, [](int x, int) { return x < 4 ? Rgb{255, 0, 0} : Rgb{0, 0, 255}; }) ==
          "L~LjfL|T,SST$A$1sRb0fQfQfQfQ");
    CHECK(hash_of(32, 32, [](int x, int y) { return Rgb{x * 8, y * 8, (x * 7 + y * 13) % 256}; }) ==
          "LxH2cw2owuX8l}WBjve=gLfgfMfi");
    CHECK(hash_of(5, 1, [](int x, int) { return Rgb{x * 50, 255 - x * 50, 7}; }) ==
          "L~EhACHNT=yQ_FHNT=yQ_FHNT=yQ");
    CHECK(hash_of(1, 1, [](int, int) { return Rgb{10, 200, 30}; }) == "L~1JlBl#l#l#l#l#l#l#l#l#l#l#");
}

TEST_CASE("what is black has no waves") {
    CHECK(hash_of(4, 4, [](int, int) { return Rgb{0, 0, 0}; }) == "L00000fQfQfQfQfQfQfQfQfQfQfQ");
}

TEST_CASE("a text is a BlurHash when it has its length and digits") {
    CHECK(is_blurhash("L00000fQfQfQfQfQfQfQfQfQfQfQ"));
    CHECK_FALSE(is_blurhash("L00000fQfQfQfQfQfQfQfQfQfQf"));
    CHECK_FALSE(is_blurhash("L00000fQfQfQfQfQfQfQfQfQfQfQf"));
    CHECK_FALSE(is_blurhash("L00000fQfQfQfQfQfQfQfQfQfQf\""));
    CHECK_FALSE(is_blurhash(std::string_view("L00000fQfQfQfQfQfQfQfQfQfQf\0", 28)));
}
