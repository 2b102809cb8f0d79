#include "mxcd/base/text.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <string>

using namespace mxcd::base;
using namespace std::string_view_literals;

TEST_CASE("UTF-8 is checked strictly") {
    for (const std::string_view good : {""sv, "plain"sv, "\0"sv, "gr\u00fc\u00df"sv, "\u0800\uffff"sv,
                                        "\ued7f"sv, "\U00010000\U0010ffff"sv}) {
        CAPTURE(good);
        CHECK(is_valid_utf8(good));
    }
    for (const std::string_view bad :
         {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc3"sv, "\xc3("sv, "\xe0\x80\x80"sv,
          "\xe0\x9f\xbf"sv, "\xe2\x82"sv, "\xed\xa0\x80"sv, "\xed\xbf\xbf"sv, "\xf0\x80\x80\x80"sv,
          "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv, "good\xfe"sv}) {
        CAPTURE(bad);
        CHECK_FALSE(is_valid_utf8(bad));
    }
}

TEST_CASE("only ASCII letters have a case") {
    CHECK(to_lower_ascii("Content-TYPE \xc4@[`{") == "content-type \xc4@[`{");
    CHECK(equal_ignoring_ascii_case("Host", "hOST"));
    CHECK_FALSE(equal_ignoring_ascii_case("Host", "Hos"));
    CHECK_FALSE(equal_ignoring_ascii_case("@", "`"));
    CHECK_FALSE(equal_ignoring_ascii_case("\xc4", "\xe4"));
}

TEST_CASE("percent decoding happens once") {
    CHECK(percent_decode("%2541", PlusSign::literal) == "%41");
    CHECK(percent_decode("a%2Fb%2fc", PlusSign::literal) == "a/b/c");
    CHECK(percent_decode("%00%ff", PlusSign::literal) == std::string("\0\xff", 2));
    CHECK(percent_decode("", PlusSign::literal) == "");
    CHECK(percent_decode("a+b", PlusSign::literal) == "a+b");
    CHECK(percent_decode("a+b%2B", PlusSign::space) == "a b+");
}

TEST_CASE("a percent sign without two digits is refused") {
    for (const char* wrong : {"%", "%4", "a%", "%g0", "%0g", "%%41", "%-1", "% 1", "%u0041"}) {
        CAPTURE(wrong);
        CHECK_FALSE(percent_decode(wrong, PlusSign::literal));
        CHECK_FALSE(percent_decode(wrong, PlusSign::space));
    }
}

TEST_CASE("percent encoding keeps unreserved characters only") {
    CHECK(percent_encode("AZaz09-._~") == "AZaz09-._~");
    CHECK(percent_encode("a b/\xc3\xbc%") == "a%20b%2F%C3%BC%25");
    std::string every_byte;
    for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
    CHECK(percent_decode(percent_encode(every_byte), PlusSign::space) == every_byte);
}

TEST_CASE("a query's first value of a name is found as it was sent") {
    CHECK(query_value("a=1&b=2&a=3", "a") == "1");
    CHECK(query_value("a=1&b=x%20y", "b") == "x%20y");
    CHECK(query_value("a=1=2", "a") == "1=2");
    CHECK(query_value("a&b=2", "a") == "");
    CHECK(query_value("a=", "a") == "");
    CHECK(query_value("=5", "") == "5");
    CHECK(query_value("access%5Ftoken=t", "access_token") == "t");
    CHECK(query_value("&&b=2&", "b") == "2");
    for (const char* without : {"", "&", "b=1", "aa=1", "b=a", "A=1", "%a=1", "b=1;a=2"}) {
        CAPTURE(without);
        CHECK_FALSE(query_value(without, "a"));
    }
    CHECK_FALSE(query_value("", ""));
}

TEST_CASE("decimal numbers have one spelling") {
    CHECK(parse_decimal("0") == 0);
    CHECK(parse_decimal("42") == 42);
    CHECK(parse_decimal("9223372036854775807") == INT64_MAX);
    for (const std::string_view wrong : {""sv, "-1"sv, "+1"sv, " 1"sv, "1 "sv, "01"sv, "00"sv, "1.0"sv,
                                         "1e3"sv, "0x10"sv, "9223372036854775808"sv, "18446744073709551616"sv,
                                         "99999999999999999999999999999999"sv, "1\0"sv, "\xd9\xa1"sv}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_decimal(wrong));
    }
}

TEST_CASE("globs match whole texts, byte by byte and case-sensitively") {
    struct Row {
        std::string_view pattern;
        std::string_view text;
        bool matches;
    };
    for (const Row& row : {Row{"", "", true},
                           Row{"", "a", false},
                           Row{"*", "", true},
                           Row{"*", "anything", true},
                           Row{"**", "a", true},
                           Row{"?", "a", true},
                           Row{"?", "", false},
                           Row{"?", "ab", false},
                           Row{"??", "\xc3\xbc", true},
                           Row{"abc", "abc", true},
                           Row{"abc", "ABC", false},
                           Row{"abc", "abcd", false},
                           Row{"a*c", "abbc", true},
                           Row{"a*c", "abbd", false},
                           Row{"*a*b", "xaxab", true},
                           Row{"*ab", "aab", true},
                           Row{"a*?", "a", false},
                           Row{"a*?", "ab", true},
                           Row{"@*:example.org", "@bob:example.org", true},
                           Row{"@*:example.org", "@bob:example.org.evil", false},
                           Row{"*.png", ".png", true},
                           Row{"image/*", "image/png", true},
                           Row{"image/*", "video/mp4", false},
                           Row{"a\\*", "a*", false},
                           Row{"[ab]", "a", false},
                           Row{"abc*", "ab", false}}) {
        CAPTURE(row.pattern, row.text);
        CHECK(glob_matches(row.pattern, row.text) == row.matches);
    }
}

TEST_CASE("many stars against a long text do not explode") {
    std::string pattern;
    for (int i = 0; i < 30; ++i) pattern += "*a";
    pattern += "*b";
    const std::string text(10'000, 'a');
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(glob_matches(pattern, text));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}
