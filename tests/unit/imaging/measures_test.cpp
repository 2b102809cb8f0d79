#include "imaging/measures.hpp"

#include "support/catch.hpp"

#include <tuple>

using mxcd::imaging::Dimensions;
using mxcd::imaging::jpeg_shrink;

TEST_CASE("a JPEG is shrunk while it is decoded as far as leaves a fifth more than is wanted") {
    const auto [picture, wanted, shrink] = GENERATE(table<Dimensions, Dimensions, int>({
        {{4000, 3000}, {320, 240}, 8},
        {{4000, 3000}, {800, 600}, 4},
        {{4032, 3024}, {800, 600}, 4},
        {{1600, 1200}, {800, 600}, 1},
        {{1920, 1440}, {800, 600}, 2},  // exactly a fifth more
        {{1919, 1440}, {800, 600}, 1},
        {{800, 600}, {800, 600}, 1},
        {{60'000, 10}, {600, 1}, 8},
        {{60'000, 10}, {600, 5}, 1},
    }));
    CHECK(jpeg_shrink(picture, wanted) == shrink);
}
