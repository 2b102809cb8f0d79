#include "mxcd/matrix/ids.hpp"

#include "support/catch.hpp"

#include <string>
#include <unordered_set>

using namespace mxcd::matrix;
using namespace std::string_view_literals;

TEST_CASE("media IDs are 1 to 255 letters, digits, underscores and hyphens") {
    CHECK(MediaId::parse("AZaz09_-")->text() == "AZaz09_-");
    CHECK(MediaId::parse(std::string(255, 'a')));
    for (const std::string_view wrong : {""sv, "a/b"sv, "../x"sv, "."sv, "a.b"sv, "a b"sv, "a%2Fb"sv,
                                         "a\0b"sv, "a\n"sv, "\xc3\xbc"sv, "\xff"sv, "a+b"sv, "a="sv}) {
        CAPTURE(wrong);
        CHECK_FALSE(MediaId::parse(wrong));
    }
    CHECK_FALSE(MediaId::parse(std::string(256, 'a')));
    CHECK_FALSE(MediaId::parse(std::string(10'000'000, 'a')));
}

TEST_CASE("server names of every form are accepted as they are") {
    for (const std::string_view good : {"example.org"sv,
                                        "Example.ORG"sv,
                                        "localhost"sv,
                                        "a-b.c"sv,
                                        "xn--bcher-kva.example"sv,
                                        "example.org:8448"sv,
                                        "example.org:0"sv,
                                        "example.org:65535"sv,
                                        "example.org:00080"sv,
                                        "1.2.3.4"sv,
                                        "1.2.3.4:1234"sv,
                                        "255.255.255.255"sv,
                                        "1.2.3"sv,
                                        "1.2.3.4.5"sv,
                                        "1234.5.6.7"sv,
                                        "[::1]"sv,
                                        "[::]"sv,
                                        "[2001:DB8::ff00]:8448"sv,
                                        "[::ffff:1.2.3.4]"sv,
                                        "-"sv}) {
        CAPTURE(good);
        REQUIRE(ServerName::parse(good));
        CHECK(ServerName::parse(good)->text() == good);
    }
    CHECK(ServerName::parse(std::string(255, 'a')));
}

TEST_CASE("what is no server name is refused") {
    for (const std::string_view wrong : {""sv,
                                         ":"sv,
                                         ":80"sv,
                                         "example.org:"sv,
                                         "example.org:65536"sv,
                                         "example.org:123456"sv,
                                         "example.org:-1"sv,
                                         "example.org:8a"sv,
                                         "example.org:80:80"sv,
                                         "a..b"sv,
                                         ".a"sv,
                                         "a."sv,
                                         "."sv,
                                         ".."sv,
                                         "a_b"sv,
                                         "a b"sv,
                                         "a/b"sv,
                                         "a%2Fb"sv,
                                         "user@example.org"sv,
                                         "ex\xc3\xa4mple.org"sv,
                                         "a\0b"sv,
                                         "a\n"sv,
                                         "example.org "sv,
                                         "256.1.1.1"sv,
                                         "1.2.3.999"sv,
                                         "256.1.1.1:80"sv,
                                         "[]"sv,
                                         "["sv,
                                         "]"sv,
                                         "[::1"sv,
                                         "::1"sv,
                                         "[::1]x"sv,
                                         "[::1]]"sv,
                                         "[::1]:"sv,
                                         "[::1%eth0]"sv,
                                         "[fe80::1%25lo]"sv,
                                         "[1.2.3.4]"sv,
                                         "[:::]"sv,
                                         "[12345::]"sv,
                                         "[::g]"sv,
                                         "[::1]80"sv,
                                         "[[::1]]"sv,
                                         "[::1\0]"sv,
                                         "[1:2:3:4:5:6:7:8:9]"sv}) {
        CAPTURE(wrong);
        CHECK_FALSE(ServerName::parse(wrong));
    }
    CHECK_FALSE(ServerName::parse(std::string(256, 'a')));
    CHECK_FALSE(ServerName::parse("[" + std::string(1'000'000, ':') + "]"));
    CHECK_FALSE(ServerName::parse("a:" + std::string(1'000'000, '1')));
}

TEST_CASE("server names are compared case-sensitively") {
    CHECK(*ServerName::parse("a.org") == *ServerName::parse("a.org"));
    CHECK(*ServerName::parse("a.org") != *ServerName::parse("A.org"));
    CHECK(*ServerName::parse("a.org") < *ServerName::parse("b.org"));
}

TEST_CASE("user IDs have a local part and a server") {
    struct Row {
        std::string_view text;
        std::string_view server;
    };
    for (const Row& row : {Row{"@alice:example.org", "example.org"}, Row{"@a:[::1]:8448", "[::1]:8448"},
                           Row{"@A=/b+c:h:1", "h:1"}, Row{"@\u00fcn\u00ef \U0001f600:h", "h"},
                           Row{"@@:h", "h"}, Row{"@!#$%&'*:h", "h"}}) {
        CAPTURE(row.text);
        REQUIRE(UserId::parse(row.text));
        CHECK(UserId::parse(row.text)->text() == row.text);
        CHECK(UserId::parse(row.text)->server() == row.server);
    }
    CHECK(UserId::parse("@" + std::string(252, 'a') + ":h"));
}

TEST_CASE("what is no user ID is refused") {
    for (const std::string_view wrong :
         {""sv, "@"sv, "@alice"sv, "alice:example.org"sv, "@:example.org"sv, "@alice:"sv, "@a:b:c"sv,
          "@a:b_c"sv, "#a:b"sv, "@a\0b:h"sv, "@a\nb:h"sv, "@a\x7f:h"sv, "@a\xc2\x85:h"sv, "@a\xff:h"sv,
          "@\xc0\x80:h"sv, "@\xed\xa0\x80:h"sv, "@a\xc2:h"sv, " @a:h"sv, "@a:h "sv}) {
        CAPTURE(wrong);
        CHECK_FALSE(UserId::parse(wrong));
    }
    CHECK_FALSE(UserId::parse("@" + std::string(253, 'a') + ":h"));
    CHECK_FALSE(UserId::parse("@" + std::string(10'000'000, 'a') + ":h"));
}

TEST_CASE("user IDs are compared byte by byte, also as keys") {
    const std::unordered_set<UserId> users{*UserId::parse("@a:h"), *UserId::parse("@A:h"),
                                           *UserId::parse("@a:h")};
    CHECK(users.size() == 2);
    CHECK(users.count(*UserId::parse("@A:h")) == 1);
}

TEST_CASE("an mxc URI names server and media") {
    CHECK(mxc_uri(*ServerName::parse("example.org:8448"), *MediaId::parse("abc_-")) ==
          "mxc://example.org:8448/abc_-");
}
