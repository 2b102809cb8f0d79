#include "modules/content_type.hpp"

#include "support/catch.hpp"

using mxcd::modules::essence_of;

TEST_CASE("the essence of a content type is its lower-case type and subtype") {
    const auto [declared, essence] = GENERATE(table<std::string, std::string>({
        {"image/png", "image/png"},
        {"Image/PNG", "image/png"},
        {"text/html; charset=utf-8", "text/html"},
        {"text/html;", "text/html"},
        {" \ttext/html \t; x=y", "text/html"},
        {"application/vnd.a+json", "application/vnd.a+json"},
    }));
    CHECK(essence_of(declared) == essence);
}

TEST_CASE("a missing or malformed content type counts as application/octet-stream") {
    const std::string declared = GENERATE(
        as<std::string>(), "", " ", ";", "text", "text/", "/html", "text//html", "text/html/x", "text /html",
        "text/ html", "text/html x", "text/html, image/png", "\xc3\xa4/b", "a/b\"", "; text/html");
    CHECK(essence_of(declared) == "application/octet-stream");
}
