#include "support/thumbnailer_contract.hpp"

#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include "support/fake_thumbnailer.hpp"

using namespace mxcd;

TEST_CASE("the sandboxed thumbnailer keeps the contract of a thumbnailer") {
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    test::TaskRunner runner;
    const std::unique_ptr<media::Thumbnailer> thumbnailer = imaging::make_sandboxed_thumbnailer(
        {.max_image_pixels = 1'000'000, .program = MXCD_DECODER_PROGRAM}, *metrics);
    test::ThumbnailerContract(runner, *thumbnailer).check();
}

TEST_CASE("the fake thumbnailer keeps the contract of a thumbnailer") {
    test::TaskRunner runner;
    test::FakeThumbnailer thumbnailer;
    test::ThumbnailerContract(runner, thumbnailer).check();
}
