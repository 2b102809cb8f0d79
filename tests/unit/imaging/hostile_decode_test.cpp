#include "mxcd/base/errors.hpp"
#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include "support/catch.hpp"
#include "support/memory_metrics.hpp"
#include "support/run_task.hpp"
#include "support/test_png.hpp"

#include <chrono>
#include <filesystem>

using namespace mxcd;
using namespace std::chrono_literals;

namespace {

media::ThumbnailOutcome ask(test::TaskRunner& runner, media::Thumbnailer& thumbnailer,
                            const std::string& picture) {
    const media::ThumbnailForm form{{5, 5, media::ThumbnailMethod::crop}, false, false};
    return runner.run(thumbnailer.make(std::make_shared<const std::string>(picture), {form}));
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
        {"inject a hash", "nonsense"},
    }));
    CAPTURE(name);
    if (name == "take memory" && !has_memory_limit) return;
    std::filesystem::remove("/dev/shm/mxcd-hostile-decode");
    test::MemoryMetrics metrics;
    test::TaskRunner runner;  // above the thumbnailer, whose threads post to it
    // What ends by itself has time to do so, also where others use the processors.
    const std::chrono::milliseconds deadline = counted_as == "timed_out" ? 1s : 5s;
    const auto thumbnailer = imaging::make_sandboxed_thumbnailer(
        {.deadline = deadline, .program = MXCD_HOSTILE_DECODER_PROGRAM}, metrics);
    REQUIRE(is_made(ask(runner, *thumbnailer, test::test_png(20, 20))));
    const auto begun = std::chrono::steady_clock::now();
    CHECK_FALSE(is_made(ask(runner, *thumbnailer, "evil:" + name)));
    CHECK(std::chrono::steady_clock::now() - begun < 6s);
    CHECK(metrics.value(outcome_of + counted_as + "}") == 1);
    CHECK_FALSE(std::filesystem::exists("/dev/shm/mxcd-hostile-decode"));
    // The decoder process lives, and decodes on.
    CHECK(is_made(ask(runner, *thumbnailer, test::test_png(20, 20))));
    CHECK(metrics.value("mxcd_decoder_starts_total") == 1);
}

TEST_CASE("a hostile decode would be noticed if it succeeded: the attacks report themselves") {
    test::MemoryMetrics metrics;
    test::TaskRunner runner;
    const auto thumbnailer =
        imaging::make_sandboxed_thumbnailer({.program = MXCD_HOSTILE_DECODER_PROGRAM}, metrics);
    CHECK(is_made(ask(runner, *thumbnailer, "evil:succeed")));
}

TEST_CASE("without a program there are no thumbnails, and the thumbnailer says so") {
    test::MemoryMetrics metrics;
    test::TaskRunner runner;
    const auto thumbnailer = imaging::make_sandboxed_thumbnailer({.program = "/nonexistent"}, metrics);
    CHECK_THROWS_AS(ask(runner, *thumbnailer, test::test_png(20, 20)), base::UpstreamError);
    CHECK_FALSE(thumbnailer->is_ready());
}
