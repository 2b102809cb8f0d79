#include "mxcd/base/random.hpp"
#include "mxcd/base/text.hpp"

#include "api/accept_language.hpp"
#include "api/content_disposition.hpp"
#include "api/content_type.hpp"
#include "api/ranges.hpp"
#include "support/catch.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <set>

using namespace mxcd;
using api::RangeRequest;

namespace {

const std::set<std::string> harmless{
    "text/css",    "text/plain", "text/csv",    "application/json", "application/ld+json",
    "image/jpeg",  "image/gif",  "image/png",   "image/apng",       "image/webp",
    "image/avif",  "video/mp4",  "video/webm",  "video/ogg",        "video/quicktime",
    "audio/mp4",   "audio/webm", "audio/aac",   "audio/mpeg",       "audio/ogg",
    "audio/wave",  "audio/wav",  "audio/x-wav", "audio/x-pn-wav",   "audio/flac",
    "audio/x-flac"};

/// How a receiver reads the name (RFC 6266, RFC 8187), written apart from the code that makes it.
std::optional<std::string> name_in(const std::string& disposition) {
    const std::string extended = "; filename*=utf-8''";
    const std::string token = "; filename=";
    if (const std::size_t at = disposition.find(extended); at != std::string::npos) {
        std::string name;
        const std::string text = disposition.substr(at + extended.size());
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (c == '%') {
                name += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
                i += 2;
            } else {
                REQUIRE((std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("!#$&+-.^_`|~", c)));
                name += c;
            }
        }
        return name;
    }
    if (const std::size_t at = disposition.find(token); at != std::string::npos) {
        const std::string name = disposition.substr(at + token.size());
        REQUIRE(name.find_first_of("()<>@,;:\\\"/[]?={} \t") == std::string::npos);
        return name;
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("rows 85 and 87: the 26 harmless types are shown inline, whatever their case and parameters") {
    CHECK(harmless.size() == 26);
    for (const std::string& type : harmless) {
        INFO(type);
        CHECK(api::content_disposition(type, std::nullopt) == "inline");
        CHECK(api::content_disposition(type + "; charset=utf-8", std::nullopt) == "inline");
        std::string upper = type;
        for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        CHECK(api::content_disposition(upper, std::nullopt) == "inline");
    }
    CHECK(api::is_shown_inline("Text/Plain; charset=utf-8"));
}

TEST_CASE("row 86: everything else is an attachment") {
    for (const std::string type :
         {"image/svg+xml", "image/svg", "text/html", "application/javascript", "application/pdf",
          "application/octet-stream", "application/x-foo", "", "image", "image/png/x", "image/png, text/html",
          "text/html; x=image/png", "image/pngx", "image/ png", " image/png", "image/png;a=b,text/html",
          "text/xml", "application/xhtml+xml", "multipart/x-mixed-replace; boundary=image/png"}) {
        INFO(type);
        CHECK(api::content_disposition(type, std::nullopt) == "attachment");
    }
}

TEST_CASE("content types: what parses goes out as it came, what does not is octet-stream") {
    for (const std::string type : {"img/png", "text/plain;charset=x", "a/b; c=\"d, \\\" e\"", "text/plain;",
                                   "a/b;;c=d", "application/vnd.x+json; v=1 ; w=2"})
        CHECK(api::served_content_type(type) == type);
    for (const std::string type : {"", "png", "/png", "image/", "image/png x", "image/png;a", "image/png;a=",
                                   "a/b;c=\"d", "a/b;c=\"d\\", "image/png\n", "image/png;=x", "a\tb/c"}) {
        INFO(type);
        CHECK(api::served_content_type(type) == "application/octet-stream");
    }
}

TEST_CASE("X1: of 200,000 random types none is shown inline unless its essence is on the list") {
    std::mt19937 random(7);
    const std::vector<std::string> pieces{"image", "text", "/",       "png",  "plain", "html",     ";",
                                          ",",     " ",    "svg+xml", "\"",   "=",     "a",        "\\",
                                          "\r\n",  "\t",   "IMAGE",   "/PNG", "\x80",  "audio/ogg"};
    int shown = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string type;
        for (std::uint32_t n = random() % 7; n > 0; --n) type += pieces[random() % pieces.size()];
        if (!api::is_shown_inline(type)) continue;
        ++shown;
        const std::string served = api::served_content_type(type);
        const std::string essence = base::to_lower_ascii(served.substr(0, served.find_first_of("; ")));
        INFO(type);
        REQUIRE(harmless.contains(essence));
        // Fetch splits the header at commas outside quotes; then nothing but the first would count.
        REQUIRE((served.find(',') == std::string::npos || served.find('"') < served.find(',')));
    }
    CHECK(shown > 10);
}

TEST_CASE("row 88: names come back exactly") {
    const auto name =
        GENERATE(values<std::string>({"ascii", "name with spaces", "name;with;semicolons", "\xF0\x9F\x90\x94",
                                      "\xE2\x98\x95", "a\"b\\c.txt", "file.png", "100%", "a'b",
                                      "\xC3\xA9t\xC3\xA9", "a=b", "a/b", ".hidden", "*", "utf-8''x"}));
    INFO(name);
    const std::string disposition = api::content_disposition("image/png", name);
    CHECK(disposition.starts_with("inline; filename"));
    CHECK(name_in(disposition) == name);
}

TEST_CASE("a plain name is a plain token") {
    CHECK(api::content_disposition("text/html", "ascii") == "attachment; filename=ascii");
    CHECK(api::content_disposition("text/html", "a b") == "attachment; filename*=utf-8''a%20b");
}

TEST_CASE("control and bidi-control characters are dropped from names, and nothing else is") {
    CHECK(api::served_file_name("a\r\n\t\x7f\x01z") == "az");
    CHECK(api::served_file_name(std::string("a\0b", 3)) == "ab");
    CHECK(api::served_file_name("a\xC2\x85z") == "az");                  // C1
    CHECK(api::served_file_name("a\xE2\x80\xAEgpj.exe") == "agpj.exe");  // right-to-left override
    CHECK(api::served_file_name("a\xE2\x81\xA6\xE2\x81\xA9\xD8\x9C\xE2\x80\x8E\xE2\x80\x8Fz") == "az");
    const std::string kept = "a \xC2\xA0\xE2\x80\xA8\xE2\x80\x8D\xE2\x80\xAF\xE2\x81\xAA\xEF\xBB\xBF<>:|?*z";
    CHECK(api::served_file_name(kept) == kept);
    CHECK_FALSE(api::served_file_name("\r\n"));
    CHECK(api::content_disposition("text/plain", "\xE2\x80\xAE") == "inline");
}

TEST_CASE("row 54: a long name is cut between characters, so that the header stays short") {
    CHECK(api::served_file_name(std::string(2000, 'n')) == std::string(2000, 'n'));
    CHECK(api::served_file_name(std::string(4000, 'n'))->size() == 2048);
    std::string wide;
    for (int i = 0; i < 1000; ++i) wide += "\xF0\x9F\x90\x94";
    const std::string served = api::served_file_name(wide).value();
    CHECK(base::is_valid_utf8(served));
    CHECK(served.size() == 680);
    CHECK(api::content_disposition("text/html", wide).size() < 2100);
}

TEST_CASE("ranges of ten bytes") {
    const auto [header, kind, offset, length] =
        GENERATE(table<std::string, RangeRequest::Kind, std::int64_t, std::int64_t>(
            {{"bytes=0-0", RangeRequest::Kind::part, 0, 1},
             {"bytes=0-9", RangeRequest::Kind::part, 0, 10},
             {"bytes=9-9", RangeRequest::Kind::part, 9, 1},
             {"bytes=3-", RangeRequest::Kind::part, 3, 7},
             {"bytes=-3", RangeRequest::Kind::part, 7, 3},
             {"bytes=-10", RangeRequest::Kind::part, 0, 10},
             {"bytes=-11", RangeRequest::Kind::part, 0, 10},
             {"bytes=5-100", RangeRequest::Kind::part, 5, 5},
             {"bytes=0-99999999999999999999999999", RangeRequest::Kind::part, 0, 10},
             {"bytes=0-9223372036854775807", RangeRequest::Kind::part, 0, 10},
             {"bytes=-99999999999999999999999999", RangeRequest::Kind::part, 0, 10},
             {"bytes=000-001", RangeRequest::Kind::part, 0, 2},
             {"Bytes=1-2", RangeRequest::Kind::part, 1, 2},
             {"bytes= 1-2 ", RangeRequest::Kind::part, 1, 2},
             {"bytes=10-", RangeRequest::Kind::unsatisfiable, 0, 0},
             {"bytes=10-10", RangeRequest::Kind::unsatisfiable, 0, 0},
             {"bytes=-0", RangeRequest::Kind::unsatisfiable, 0, 0},
             {"bytes=99999999999999999999999999-", RangeRequest::Kind::unsatisfiable, 0, 0},
             {"bytes=2-1", RangeRequest::Kind::whole, 0, 0},
             {"bytes=0-1,3-4", RangeRequest::Kind::whole, 0, 0},
             {"bytes=-", RangeRequest::Kind::whole, 0, 0},
             {"bytes=--1", RangeRequest::Kind::whole, 0, 0},
             {"bytes=1--2", RangeRequest::Kind::whole, 0, 0},
             {"bytes=+1-2", RangeRequest::Kind::whole, 0, 0},
             {"bytes=1 - 2", RangeRequest::Kind::whole, 0, 0},
             {"bytes 0-1", RangeRequest::Kind::whole, 0, 0},
             {"bytes", RangeRequest::Kind::whole, 0, 0},
             {"=0-1", RangeRequest::Kind::whole, 0, 0},
             {"", RangeRequest::Kind::whole, 0, 0}}));
    INFO(header);
    const RangeRequest range = api::read_range(header, 10);
    CHECK(range.kind == kind);
    CHECK(range.part == api::ByteRange{offset, length});
}

TEST_CASE("the language that a reader wants most is chosen") {
    constexpr std::array<std::string_view, 3> offered{"en", "de", "fr"};
    const auto [header, language] =
        GENERATE(table<std::string, std::string>({{"", "en"},
                                                  {"de", "de"},
                                                  {"DE-at", "de"},
                                                  {"fr-CA,fr;q=0.9,en;q=0.8", "fr"},
                                                  {"en;q=0.5, de;q=0.7", "de"},
                                                  {"ja, de;q=0.1", "de"},
                                                  {"ja", "en"},
                                                  {"*", "en"},
                                                  {"*;q=0.1, fr;q=0.2", "fr"},
                                                  {"de;q=0, fr;q=0.001", "fr"},
                                                  {"de;q=0", "en"},
                                                  {"de;q=x, fr;q=0.3", "fr"},
                                                  {"de;q=0.8,fr;q=0.8", "de"},
                                                  {"deutsch", "en"},
                                                  {",;,;q=,de", "de"}}));
    INFO(header);
    CHECK(api::preferred_language(header, offered) == language);
}
