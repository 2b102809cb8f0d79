#include "mxcd/base/log.hpp"

#include "base/log_buffer.hpp"
#include "support/catch.hpp"
#include "support/standard_error.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace mxcd::base;
using mxcd::test::Pipe;
using mxcd::test::standard_error_of;
using namespace std::chrono_literals;

namespace {

LogBufferConfig config_for(const Pipe& pipe, std::size_t limit = 1024 * 1024) {
    return {.fd = pipe.writer.get(), .limit = limit, .describe_drops = [](std::uint64_t count) {
                return "dropped " + std::to_string(count) + "\n";
            }};
}

}  // namespace

TEST_CASE("lines reach the reader in order and whole") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe));
    buffer.start();
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string line = "line " + std::to_string(i) + "\n";
        expected += line;
        buffer.append(line, false);
    }
    buffer.stop();
    CHECK(pipe.read_all() == expected);
}

TEST_CASE("a line that is not urgent arrives without another one pushing it") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe));
    buffer.start();
    buffer.append("quiet\n", false);
    CHECK(pipe.read_until("\n") == "quiet\n");
    buffer.append("urgent\n", true);
    CHECK(pipe.read_until("\n") == "urgent\n");
}

TEST_CASE("a line that comes after a long rest arrives as well") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe));
    buffer.start();
    for (const std::string_view line : {"first\n", "second\n"}) {
        CHECK(pipe.is_silent());
        buffer.append(line, false);
        CHECK(pipe.read_until("\n") == line);
    }
}

TEST_CASE("lines that come together are dropped together, and each is counted") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe, 10));
    buffer.start();
    CHECK(pipe.is_silent());
    buffer.append("one\ntwo\nthree\n", true);
    CHECK_THAT(pipe.read_until("dropped 3\n"), mxcd::test::contains("dropped 3\n"));
}

TEST_CASE("while it does not run, lines are written by the caller") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe));
    buffer.append("before\n", false);
    CHECK(pipe.read_until("\n") == "before\n");
    buffer.start();
    buffer.start();
    buffer.stop();
    buffer.stop();
    buffer.append("after\n", false);
    CHECK(pipe.read_until("\n") == "after\n");
    buffer.start();
    buffer.append("again\n", true);
    CHECK(pipe.read_until("\n") == "again\n");
}

TEST_CASE(
    "while it does not run, a reader that takes nothing costs the caller a second and the rest of the "
    "lines") {
    Pipe pipe;
    REQUIRE(::fcntl(pipe.writer.get(), F_SETPIPE_SZ, 4096) == 4096);
    LogBuffer buffer(config_for(pipe));
    std::string lines;
    for (int i = 0; i < 3; ++i) lines += std::string(2999, 'x') + "\n";
    const auto start = std::chrono::steady_clock::now();
    buffer.append(lines, true);
    CHECK(std::chrono::steady_clock::now() - start < 10s);
    CHECK(pipe.read_all() == lines.substr(0, 3000));
}

TEST_CASE("a slow reader costs lines, never the caller's time, and the loss is told") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe, 64 * 1024));
    buffer.start();
    const std::string line(99, 'x');
    const auto start = std::chrono::steady_clock::now();
    constexpr int lines = 20'000;  // 2 MB: the pipe holds 64 KiB, the buffers 64 KiB each
    for (int i = 0; i < lines; ++i) buffer.append(line + "\n", i % 2 == 0);
    CHECK(std::chrono::steady_clock::now() - start < 5s);

    std::string text;
    std::thread reading([&pipe, &text] { text = pipe.read_until(""); });
    buffer.stop();
    pipe.writer.reset();
    reading.join();
    std::size_t dropped = 0;
    for (std::size_t at = text.find("dropped "); at != std::string::npos; at = text.find("dropped ", at + 1))
        dropped += std::stoul(text.substr(at + 8));
    std::size_t kept = 0;
    for (std::size_t at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) ++kept;
    CHECK(dropped > 0);
    CHECK(kept + dropped == lines);
}

TEST_CASE("a line larger than the whole buffer is dropped and counted") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe, 1000));
    buffer.start();
    buffer.append(std::string(1000, 'x') + "\n", true);
    buffer.append("small\n", true);
    CHECK_THAT(pipe.read_until("dropped 1\n"), mxcd::test::contains("dropped 1\n"));
}

TEST_CASE("stopping does not wait for a reader that takes nothing") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe));
    buffer.start();
    for (int i = 0; i < 1000; ++i) buffer.append(std::string(999, 'x') + "\n", true);
    const auto start = std::chrono::steady_clock::now();
    buffer.stop();
    CHECK(std::chrono::steady_clock::now() - start < 10s);
}

TEST_CASE("a reader that went away harms nobody") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe));
    buffer.start();
    pipe.reader.reset();
    buffer.append("into the void\n", true);
    buffer.stop();
    SUCCEED("no SIGPIPE");
}

TEST_CASE("many threads write whole lines") {
    Pipe pipe;
    LogBuffer buffer(config_for(pipe));
    buffer.start();
    std::string text;
    std::thread reading([&pipe, &text] { text = pipe.read_until("end\n"); });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&buffer] {
            for (int i = 0; i < 1000; ++i) buffer.append("0123456789\n", i % 10 == 0);
        });
    for (std::thread& thread : threads) thread.join();
    buffer.append("end\n", true);
    reading.join();
    std::string expected;
    for (int i = 0; i < 4000; ++i) expected += "0123456789\n";
    CHECK(text == expected + "end\n");
}

TEST_CASE("before logging is configured, warnings and errors go straight to standard error") {
    const std::string text = standard_error_of([] {
        constexpr Logger logger("test");
        logger.debug("one");
        logger.info("two");
        logger.warn("three");
        logger.error("four", {{"answer", 42}});
    });
    CHECK_THAT(text, mxcd::test::contains(R"("level":"warn","logger":"test","message":"three"})"));
    CHECK_THAT(text,
               mxcd::test::contains(R"("level":"error","logger":"test","message":"four","answer":42})"));
    CHECK(text.find("one") == std::string::npos);
    CHECK(text.find("two") == std::string::npos);
}

TEST_CASE("level and format are what was configured last") {
    const std::string text = standard_error_of([] {
        constexpr Logger logger("test");
        configure_logging({LogLevel::debug, LogFormat::json});
        logger.debug("fine detail");
        configure_logging({LogLevel::error, LogFormat::text});
        logger.warn("unheard");
        logger.error("heard");
        configure_logging({LogLevel::off, LogFormat::text});
        logger.error("silenced");
        configure_logging({LogLevel::info, LogFormat::text});
        logger.info("waits");
        flush_and_stop_logging();
        logger.info("afterwards");
    });
    CHECK_THAT(text, mxcd::test::contains(R"("message":"fine detail")"));
    CHECK_THAT(text, mxcd::test::contains("ERROR test: heard\n"));
    CHECK_THAT(text, mxcd::test::contains("INFO test: waits\n"));
    CHECK_THAT(text, mxcd::test::contains("INFO test: afterwards\n"));
    CHECK(text.find("unheard") == std::string::npos);
    CHECK(text.find("silenced") == std::string::npos);
}

TEST_CASE("gathered lines keep their order, wait for the end, and go at once before a warning") {
    const std::string text = standard_error_of([] {
        constexpr Logger logger("test");
        configure_logging({LogLevel::info, LogFormat::text});
        flush_and_stop_logging();  // so that what is passed on is seen
        const auto mark = [](std::string_view text) {
            if (::write(STDERR_FILENO, text.data(), text.size()) < 0) std::abort();
        };
        {
            const LogGathering gathering;
            logger.info("one");
            logger.debug("unheard");
            logger.info("two");
            mark("<before the warning>");
            logger.warn("three");
            logger.info("four");
            mark("<before the end>");
        }
        logger.info("five");
        mark("<end>");
    });
    const auto place = [&text](std::string_view part) { return text.find(part); };
    CHECK(place("<before the warning>") < place("one"));
    CHECK(place("one") < place("two"));
    CHECK(place("two") < place("three"));
    CHECK(place("three") < place("<before the end>"));
    CHECK(place("<before the end>") < place("four"));
    CHECK(place("four") < place("five"));
    CHECK(place("five") < place("<end>"));
    CHECK(place("<end>") != std::string::npos);
    CHECK(place("unheard") == std::string::npos);
    CHECK(std::ranges::count(text, '\n') == 5);
}

TEST_CASE("gathered lines do not pile up") {
    const std::string text = standard_error_of([] {
        constexpr Logger logger("test");
        configure_logging({LogLevel::info, LogFormat::text});
        flush_and_stop_logging();
        const LogGathering gathering;
        const std::string padding(400, 'x');
        for (int i = 0; i < 20; ++i) logger.info(padding);
        _exit(0);  // without its end
    });
    CHECK(std::ranges::count(text, '\n') >= 10);
}

TEST_CASE("a process that ends without stopping its log loses nothing") {
    const std::string text = standard_error_of([] {
        configure_logging({LogLevel::info, LogFormat::text});
        Logger("test").info("last words");
        std::exit(0);
    });
    CHECK_THAT(text, mxcd::test::contains("last words\n"));
}
