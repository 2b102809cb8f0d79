#include "mxcd/base/errors.hpp"
#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include "support/catch.hpp"
#include "support/memory_metrics.hpp"
#include "support/run_task.hpp"
#include "support/test_png.hpp"
#include "test_videos.hpp"

#include <chrono>
#include <filesystem>
#include <future>

using namespace mxcd;
using namespace std::chrono_literals;

namespace {

using media::ThumbnailSource;

media::ThumbnailOutcome ask(test::TaskRunner& runner, media::Thumbnailer& thumbnailer,
                            const std::string& picture, ThumbnailSource source = ThumbnailSource::image) {
    const media::ThumbnailForm form{{5, 5, media::ThumbnailMethod::crop}, false, false};
    return runner.run(thumbnailer.make(std::make_shared<const std::string>(picture), source, {form}));
}

/// Something of the kind that decodes.
std::string honest(ThumbnailSource source) {
    return source == ThumbnailSource::video ? test::test_video("vp8.webm") : test::test_png(20, 20);
}

/// Sanitizers need address space without limits.
#if defined(MXCD_SANITIZED)
constexpr bool has_memory_limit = false;
#else
constexpr bool has_memory_limit = true;
#endif

bool is_made(const media::ThumbnailOutcome& outcome) {
    return std::holds_alternative<media::DecodedPicture>(outcome);
}

}  // namespace

TEST_CASE("a decode that an attacker has taken over reaches nothing and nobody") {
    const std::string outcome_of = "mxcd_decodes_total{outcome=";
    const auto [name, counted_as] = GENERATE(table<std::string, std::string>({
        {"read a file", "crashed"},
        {"write a file", "crashed"},
        {"read its own memory map", "crashed"},
        {"list a folder", "crashed"},
        {"use another descriptor", "crashed"},
        {"open a socket", "crashed"},
        {"open a UNIX socket", "crashed"},
        {"execute", "crashed"},
        {"trace its parent", "crashed"},
        {"kill its parent", "crashed"},
        {"fork", "crashed"},
        {"clone", "crashed"},
        {"take memory", "crashed"},
        {"loop", "timed_out"},
        {"sleep", "timed_out"},
        {"flood", "nonsense"},
        {"crash", "crashed"},
        {"say nothing", "crashed"},
        {"talk nonsense", "nonsense"},
        {"promise too many", "nonsense"},
        {"promise too much", "nonsense"},
        {"lie about the type", "nonsense"},
        {"say too much", "nonsense"},
        {"lie about the size", "nonsense"},
        {"call small large", "nonsense"},
        {"call it less than nothing", "nonsense"},
        {"inject a hash", "nonsense"},
    }));
    const ThumbnailSource source = GENERATE(ThumbnailSource::image, ThumbnailSource::video);
    CAPTURE(name, source == ThumbnailSource::video);
    if (name == "take memory" && !has_memory_limit) return;
    std::filesystem::remove("/dev/shm/mxcd-hostile-decode");
    test::MemoryMetrics metrics;
    test::TaskRunner runner;  // above the thumbnailer, whose threads post to it
    // What ends by itself has time to do so, also where others use the processors.
    const std::chrono::milliseconds deadline = counted_as == "timed_out" ? 1s : 5s;
    const auto thumbnailer = imaging::make_sandboxed_thumbnailer(
        {.deadline = deadline, .program = MXCD_HOSTILE_DECODER_PROGRAM}, metrics);
    REQUIRE(is_made(ask(runner, *thumbnailer, honest(source), source)));
    const auto begun = std::chrono::steady_clock::now();
    CHECK_FALSE(is_made(ask(runner, *thumbnailer, "evil:" + name, source)));
    CHECK(std::chrono::steady_clock::now() - begun < 6s);
    CHECK(metrics.value(outcome_of + counted_as + "}") == 1);
    CHECK_FALSE(std::filesystem::exists("/dev/shm/mxcd-hostile-decode"));
    // The decoder process lives, and decodes on.
    CHECK(is_made(ask(runner, *thumbnailer, honest(source), source)));
    CHECK(metrics.value(source == ThumbnailSource::video ? "mxcd_video_decoder_starts_total"
                                                         : "mxcd_decoder_starts_total") == 1);
}

TEST_CASE("a hostile decode would be noticed if it succeeded: the attacks report themselves") {
    test::MemoryMetrics metrics;
    test::TaskRunner runner;
    const auto thumbnailer =
        imaging::make_sandboxed_thumbnailer({.program = MXCD_HOSTILE_DECODER_PROGRAM}, metrics);
    for (const ThumbnailSource source : {ThumbnailSource::image, ThumbnailSource::video})
        CHECK(is_made(ask(runner, *thumbnailer, "evil:succeed", source)));
}

TEST_CASE("videos are decoded one at a time, beside the images") {
    constexpr auto deadline = 1000ms;  // also to start the decoder
    test::MemoryMetrics metrics;
    test::TaskRunner one;
    test::TaskRunner other;
    const auto thumbnailer = imaging::make_sandboxed_thumbnailer(
        {.decodes_at_once = 1, .deadline = deadline, .program = MXCD_HOSTILE_DECODER_PROGRAM}, metrics);
    for (const ThumbnailSource source : {ThumbnailSource::image, ThumbnailSource::video})
        REQUIRE(is_made(ask(one, *thumbnailer, honest(source), source)));
    const auto begun = std::chrono::steady_clock::now();
    const auto first = std::async(
        std::launch::async, [&] { return ask(one, *thumbnailer, "evil:sleep", ThumbnailSource::video); });
    CHECK_FALSE(is_made(ask(other, *thumbnailer, "evil:sleep", ThumbnailSource::video)));
    first.wait();
    CHECK(std::chrono::steady_clock::now() - begun >= 2 * deadline);
    const auto sleeping = std::async(
        std::launch::async, [&] { return ask(one, *thumbnailer, "evil:sleep", ThumbnailSource::video); });
    CHECK(is_made(ask(other, *thumbnailer, honest(ThumbnailSource::image))));
    CHECK(sleeping.wait_for(0s) == std::future_status::timeout);
}

TEST_CASE("without a program there are no thumbnails, and the thumbnailer says so") {
    test::MemoryMetrics metrics;
    test::TaskRunner runner;
    const auto thumbnailer = imaging::make_sandboxed_thumbnailer({.program = "/nonexistent"}, metrics);
    for (const ThumbnailSource source : {ThumbnailSource::image, ThumbnailSource::video})
        CHECK_THROWS_AS(ask(runner, *thumbnailer, honest(source), source), base::UpstreamError);
    CHECK_FALSE(thumbnailer->is_ready());
}
