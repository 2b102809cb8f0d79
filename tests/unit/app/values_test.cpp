#include "app/values.hpp"

#include "support/catch.hpp"

#include <limits>

namespace {

using mxcd::app::is_base_url;
using mxcd::app::is_http_url;
using mxcd::app::nearest;
using mxcd::app::parse_duration;
using mxcd::app::parse_mode;
using mxcd::app::parse_size;

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

TEST_CASE("sizes are bytes or 1024-based units", "[values]") {
    const auto [text, bytes] =
        GENERATE(table<const char*, std::int64_t>({{"0", 0},
                                                   {"1024", 1024},
                                                   {"32K", 32 * 1024},
                                                   {"50M", 50LL * 1024 * 1024},
                                                   {"50MiB", 50LL * 1024 * 1024},
                                                   {"1G", 1LL << 30},
                                                   {"3GiB", 3LL << 30},
                                                   {"2T", 2LL << 40},
                                                   {"1TiB", 1LL << 40},
                                                   {"7KiB", 7 * 1024},
                                                   {"-1K", -1024},
                                                   {"8388608T", largest},
                                                   {"99999999999999999999999", largest}}));
    CAPTURE(text);
    CHECK(parse_size(text) == bytes);
}

TEST_CASE("other spellings are no sizes", "[values]") {
    const char* text = GENERATE("", "K", "50m", "50k", "50KB", "50B", "1.5G", "0x10", "1_000", "+5", " 5",
                                "5 M", "5MM", "five", "--5", "-");
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
}

TEST_CASE("durations are milliseconds or units", "[values]") {
    const auto [text, milliseconds] =
        GENERATE(table<const char*, std::int64_t>({{"1500", 1500},
                                                   {"2s", 2000},
                                                   {"2m", 120'000},
                                                   {"1h", 3'600'000},
                                                   {"24h", 86'400'000},
                                                   {"1d", 86'400'000},
                                                   {"1w", 604'800'000},
                                                   {"1y", 365LL * 86'400'000},
                                                   {"999999999999999999y", largest}}));
    CAPTURE(text);
    CHECK(parse_duration(text) == milliseconds);
}

TEST_CASE("other spellings are no durations", "[values]") {
    const char* text = GENERATE("", "s", "2ms", "1M", "1.5h", "1h30m", "2 h", "soon");
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
}

TEST_CASE("modes are octal digits", "[values]") {
    CHECK(parse_mode("660") == 0660U);
    CHECK(parse_mode("0660") == 0660U);
    CHECK(parse_mode("777") == 0777U);
    for (const char* text : {"", "66", "0o660", "888", "1777", "66000", "rw-"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_mode(text));
    }
}

TEST_CASE("http URLs have a host and nothing strange", "[values]") {
    for (const char* text : {"http://a", "https://a:1/b", "http://[::1]:80/", "https://a/b?c=d"})
        CHECK(is_http_url(text));
    for (const char* text : {"", "http://", "http:///a", "ftp://a", "http://a b", "http://u@a", "http://:80",
                             "HTTP//a", "http://a\n"}) {
        CAPTURE(text);
        CHECK_FALSE(is_http_url(text));
    }
    CHECK(is_base_url("http://a/b"));
    CHECK_FALSE(is_base_url("http://a/b?c"));
    CHECK_FALSE(is_base_url("http://a/#b"));
}

TEST_CASE("the nearest word is the one with the fewest edits", "[values]") {
    const std::vector<std::string> known{"max_upload_size", "max_size", "modules", "media_store_path"};
    CHECK(nearest("max_upload_sise", known) == "max_upload_size");
    CHECK(nearest("moduels", known) == "modules");
    CHECK(nearest("maxsize", known) == "max_size");
    CHECK_FALSE(nearest("xyz", known));
    CHECK_FALSE(nearest("", known));
    CHECK_FALSE(nearest(std::string(100'000, 'a'), known));
    CHECK_FALSE(nearest("modules", {}));
}

}  // namespace
