#include "base/log_line.hpp"

#include "mxcd/base/text.hpp"

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <limits>
#include <string>

using namespace mxcd::base;
using namespace std::chrono_literals;

namespace {

// 2026-11-23T12:00:00.123Z
constexpr TimePoint noon{std::chrono::milliseconds(1'795'435'200'123)};

std::string line_of(LogFormat format, std::string_view message, std::initializer_list<LogField> fields = {},
                    LogLevel level = LogLevel::info, TimePoint time = noon) {
    LineBuffer line;
    append_log_line(line, format, {time, level, "http", message, fields});
    return std::string(line.text());
}

std::string kept_of(const std::string& text) {
    const nlohmann::json json =
        nlohmann::json::parse(line_of(LogFormat::json, "m", {{"k", std::string_view(text)}}));
    return json.at("k").get<std::string>();
}

std::size_t line_feeds(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("a line of JSON has time, level, logger, message and the fields in their order") {
    CHECK(line_of(LogFormat::json, "served",
                  {{"path", "/a"},
                   {"status", std::int64_t{200}},
                   {"took_ms", std::chrono::microseconds(250)},
                   {"reused", true}}) ==
          R"({"time":"2026-11-23T12:00:00.123Z","level":"info","logger":"http","message":"served",)"
          R"("path":"/a","status":200,"took_ms":0.250,"reused":true})"
          "\n");
}

TEST_CASE("a line of text has the same in short") {
    CHECK(line_of(LogFormat::text, "request served", {{"status", std::int64_t{-5}}, {"path", "/a"}},
                  LogLevel::warn) ==
          "2026-11-23T12:00:00.123Z WARN http: request served status=-5 path=/a\n");
}

TEST_CASE("values that could be taken for several fields are quoted in text") {
    const auto value = [](std::string_view text) {
        return line_of(LogFormat::text, "m", {{"k", text}}).substr(37);
    };
    CHECK(line_of(LogFormat::text, "m").size() == 38);
    CHECK(value("a b") == " k=\"a b\"\n");
    CHECK(value("a=b") == " k=\"a=b\"\n");
    CHECK(value("") == " k=\"\"\n");
    CHECK(value("\"") == " k=\"\\\"\"\n");
    CHECK(value("a") == " k=a\n");
}

TEST_CASE("levels are named") {
    CHECK_THAT(line_of(LogFormat::json, "m", {}, LogLevel::debug),
               mxcd::test::contains(R"("level":"debug")"));
    CHECK_THAT(line_of(LogFormat::json, "m", {}, LogLevel::warn), mxcd::test::contains(R"("level":"warn")"));
    CHECK_THAT(line_of(LogFormat::text, "m", {}, LogLevel::error), mxcd::test::contains(" ERROR "));
}

TEST_CASE("nothing from outside forges a line or breaks the JSON") {
    std::string hostile =
        "\r\n{\"level\":\"error\"}\\ \x1b[31m \x7f \xc2\x9b \u2028\u2029 \xff\xc0\x80 \xed\xa0\x80";
    hostile += '\0';
    for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
        const std::string line = line_of(format, hostile, {{"k", std::string_view(hostile)}});
        CAPTURE(line);
        CHECK(line_feeds(line) == 1);
        CHECK(line.back() == '\n');
        CHECK(is_valid_utf8(line));
        for (const std::string_view forbidden : {"\r", "\x1b", "\x7f", "\xc2\x9b", "\u2028", "\u2029"})
            CHECK(line.find(forbidden) == std::string::npos);
        CHECK(line.find('\0') == std::string::npos);
    }
    const nlohmann::json json =
        nlohmann::json::parse(line_of(LogFormat::json, "m", {{"k", std::string_view(hostile)}}));
    CHECK_THAT(json.at("k").get<std::string>(),
               mxcd::test::contains(
                   "\r\n{\"level\":\"error\"}\\ \x1b[31m \x7f \xc2\x9b \u2028\u2029 \uFFFD\uFFFD\uFFFD "));
}

TEST_CASE("every byte survives or is replaced, and none that controls a terminal is written") {
    for (int byte = 0; byte < 256; ++byte) {
        for (const std::size_t before : {0U, 1U, 6U, 7U, 8U, 15U}) {
            for (const std::size_t behind : {0U, 9U}) {
                const std::string letter(1, static_cast<char>(byte));
                const std::string around[] = {std::string(before, 'x'), std::string(behind, 'y')};
                const std::string text = around[0] + letter + around[1];
                CAPTURE(byte, before, behind);
                CHECK(kept_of(text) == around[0] + (byte < 128 ? letter : std::string("\uFFFD")) + around[1]);
                if (byte < 0x20 || byte == 0x7f) {
                    const std::string line = line_of(LogFormat::json, text);
                    CHECK(line.find(letter) >= line.size() - 1);  // the line feed at its end
                }
            }
        }
    }
}

TEST_CASE("at most 512 bytes of a text are kept, and no half character") {
    CHECK(kept_of(std::string(512, 'x')).size() == 512);
    CHECK(kept_of(std::string(513, 'x')).size() == 512);
    CHECK(kept_of(std::string(10'000'000, 'x')).size() == 512);
    for (const char* character : {"\u00fc", "\u20ac", "\U0001f600"}) {
        for (std::size_t before = 508; before <= 512; ++before) {
            const std::string kept = kept_of(std::string(before, 'x') + character + "tail");
            CAPTURE(before, character);
            CHECK(kept.find("\uFFFD") == std::string::npos);
            CHECK(kept.size() <= 512);
            CHECK(kept.size() >= before);
        }
    }
    CHECK(kept_of(std::string(600, '\x80')).size() <= 512 * 3);
    CHECK(nlohmann::json::parse(line_of(LogFormat::json, std::string(2000, 'm')))
              .at("message")
              .get<std::string>() == std::string(512, 'm'));
}

TEST_CASE("there is room for whatever a text becomes, and for none") {
    const std::string worst(600, '\x01');
    std::string escaped;
    for (int i = 0; i < 512; ++i) escaped += "\\u0001";
    for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
        const std::string line =
            line_of(format, worst, {{"a", std::string_view(worst)}, {"b", std::string_view(worst)}});
        CHECK(line.size() > 3 * escaped.size());
        CHECK_THAT(line, mxcd::test::contains(escaped));
    }
    CHECK(kept_of("").empty());
    CHECK_THAT(line_of(LogFormat::json, std::string_view(), {{"k", std::string_view()}}),
               mxcd::test::contains(R"("message":"","k":""})"));
}

TEST_CASE("numbers keep every digit, and durations are milliseconds with three digits") {
    const nlohmann::json json =
        nlohmann::json::parse(line_of(LogFormat::json, "m", {{"min", INT64_MIN}, {"max", INT64_MAX}}));
    CHECK(json.at("min") == INT64_MIN);
    CHECK(json.at("max") == INT64_MAX);
    const auto duration = [](std::int64_t count) {
        return line_of(LogFormat::text, "m", {{"d", std::chrono::microseconds(count)}}).substr(38);
    };
    CHECK(duration(0) == "d=0.000\n");
    CHECK(duration(7) == "d=0.007\n");
    CHECK(duration(1'234'560) == "d=1234.560\n");
    CHECK(duration(-5) == "d=0.000\n");  // of a clock that went back
}

TEST_CASE("times are right also before 1970, across seconds and far ahead") {
    const auto time = [](std::chrono::milliseconds since_epoch) {
        return line_of(LogFormat::text, "m", {}, LogLevel::info, TimePoint(since_epoch)).substr(0, 24);
    };
    CHECK(time(0ms) == "1970-01-01T00:00:00.000Z");
    CHECK(time(-1ms) == "1969-12-31T23:59:59.999Z");
    CHECK(time(999ms) == "1970-01-01T00:00:00.999Z");
    CHECK(time(1000ms) == "1970-01-01T00:00:01.000Z");
    CHECK(time(2'147'483'648'007ms) == "2038-01-19T03:14:08.007Z");
}
