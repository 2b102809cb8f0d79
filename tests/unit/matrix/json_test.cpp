#include "mxcd/matrix/json.hpp"

#include "mxcd/base/text.hpp"

#include "support/catch.hpp"

#include <string>

using namespace mxcd::matrix;
using namespace std::string_view_literals;

namespace {

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

}  // namespace

TEST_CASE("JSON is written compactly and always as UTF-8") {
    Json json;
    json["b"] = 1;
    json["a"] = "x\ny";
    CHECK(to_text(json) == R"({"a":"x\ny","b":1})");
    json["a"] = "\xff\xc0";
    CHECK(mxcd::base::is_valid_utf8(to_text(json)));
    CHECK_THAT(to_text(json), mxcd::test::contains("\uFFFD"));
}

TEST_CASE("JSON from outside is parsed") {
    CHECK(parse_json(R"( {"a":[1,2.5,null,true,"\u00fc\ud83d\ude00"]} )").value().at("a").size() == 5);
    CHECK(parse_json("null").value().is_null());
    CHECK(parse_json(R"({"a":1,"a":2})").value().at("a") == 2);
}

TEST_CASE("what is not JSON is nothing") {
    for (const std::string_view wrong : {""sv,
                                         " "sv,
                                         "{"sv,
                                         "}"sv,
                                         "]"sv,
                                         "[1,]"sv,
                                         "{a:1}"sv,
                                         "{'a':1}"sv,
                                         "{} {}"sv,
                                         "nul"sv,
                                         "NaN"sv,
                                         "01"sv,
                                         "+1"sv,
                                         "1e999"sv,
                                         "\"\xff\""sv,
                                         "\"\xc0\x80\""sv,
                                         "\"\xed\xa0\x80\""sv,
                                         "\"\\ud800\""sv,
                                         "\"a\nb\""sv,
                                         "\"abc"sv,
                                         "\"abc\\"sv,
                                         "/**/1"sv,
                                         "{}\0"sv,
                                         "{}\0garbage"sv,
                                         "\0"sv}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_json(wrong));
    }
}

TEST_CASE("text longer than the limit is not looked at") {
    CHECK(parse_json("[1]", 3));
    CHECK_FALSE(parse_json("[1] ", 3));
    CHECK_FALSE(parse_json("[]", 0));
    CHECK_FALSE(parse_json(std::string(1024 * 1024 + 1, ' ')));
}

TEST_CASE("a hundred levels are parsed, more are refused") {
    CHECK(parse_json(nested(100)));
    CHECK_FALSE(parse_json(nested(101)));
    CHECK_FALSE(parse_json(nested(200'000)));
    CHECK_FALSE(parse_json(std::string(200'000, '[')));
    std::string objects;
    for (int i = 0; i < 101; ++i) objects += R"({"a":)";
    CHECK_FALSE(parse_json(objects + "1" + std::string(101, '}')));
    CHECK(parse_json(objects.substr(0, objects.size() - 5) + "1" + std::string(100, '}')));
}

TEST_CASE("levels are not bought with closing brackets, and strings have none") {
    std::string wide = "[";
    for (int i = 0; i < 1000; ++i) wide += "[],{},";
    CHECK(parse_json(wide + "0]"));
    CHECK_FALSE(parse_json(std::string(1000, ']') + nested(1000)));
    CHECK_FALSE(parse_json("[\"" + std::string(1000, ']') + "\"," + nested(150) + "]"));
    CHECK(parse_json("\"" + std::string(1000, '[') + "\""));
    CHECK(parse_json(R"(["\"[[[",")" + std::string(1000, '{') + "\\\\\"]"));
}

TEST_CASE("typed reads convert nothing") {
    const Json json = parse_json(R"({"s":"x","i":-5,"u":9223372036854775807,"big":9223372036854775808,
                                     "huge":18446744073709551616,"d":1.0,"t":true,"n":null,"o":{}})")
                          .value();
    CHECK(get_string(json, "s") == "x");
    CHECK(get_integer(json, "i") == -5);
    CHECK(get_integer(json, "u") == INT64_MAX);
    CHECK(get_bool(json, "t") == true);
    for (const char* other : {"big", "huge", "d", "t", "n", "o", "s", "absent"}) {
        CAPTURE(other);
        CHECK_FALSE(get_integer(json, other));
    }
    for (const char* other : {"i", "d", "t", "n", "o", "absent"}) {
        CAPTURE(other);
        CHECK_FALSE(get_string(json, other));
    }
    for (const char* other : {"s", "i", "d", "n", "o", "absent"}) {
        CAPTURE(other);
        CHECK_FALSE(get_bool(json, other));
    }
}

TEST_CASE("typed reads of what is no object give nothing") {
    for (const char* text : {"null", "1", "\"s\"", "[1]", "true"}) {
        const Json json = parse_json(text).value();
        CAPTURE(text);
        CHECK_FALSE(get_string(json, "s"));
        CHECK_FALSE(get_integer(json, "s"));
        CHECK_FALSE(get_bool(json, "s"));
    }
}
