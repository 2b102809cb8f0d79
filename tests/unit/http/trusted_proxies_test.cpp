#include "http/trusted_proxies.hpp"

#include "mxcd/http/server.hpp"

#include "support/catch.hpp"
#include "unit/http/door.hpp"

using namespace mxcd;
using namespace mxcd::test;

TEST_CASE("address blocks are addresses or CIDR of both families") {
    for (const char* good : {"127.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "::/0", "fd00::/8",
                             "::ffff:10.0.0.0/104", "1.2.3.4/32"})
        CHECK(http::is_address_block(good));
    for (const char* bad : {"", "host", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "::1/129",
                            "fe80::1%lo", "10.0.0.0/08", "::ffff:10.0.0.0/95", " 10.0.0.1", "1.2.3.4/32/32"})
        CHECK_FALSE(http::is_address_block(bad));
}

TEST_CASE("a block contains exactly its addresses") {
    using Row = std::tuple<std::string, std::string, bool>;
    const auto [block, address, inside] = GENERATE(table<std::string, std::string, bool>({
        Row{"10.0.0.0/8", "10.255.0.1", true},
        Row{"10.0.0.0/8", "11.0.0.1", false},
        Row{"10.1.2.0/23", "10.1.3.255", true},
        Row{"10.1.2.0/23", "10.1.4.0", false},
        Row{"127.0.0.1", "127.0.0.2", false},
        Row{"0.0.0.0/0", "1.2.3.4", true},
        Row{"0.0.0.0/0", "::1", false},
        Row{"10.0.0.0/8", "::ffff:10.9.8.7", true},
        Row{"::ffff:10.0.0.0/104", "10.9.8.7", true},
        Row{"fd00::/9", "fd7f::1", true},
        Row{"fd00::/9", "fd80::1", false},
    }));
    CHECK(http::AddressBlock::parse(block)->contains(*http::parse_address(address)) == inside);
}

TEST_CASE("the client is the right-most address that is no trusted proxy") {
    const http::TrustedProxies proxies({"127.0.0.0/8", "10.0.0.0/8", "::1"});
    using Row = std::tuple<std::vector<std::string>, std::string>;
    const auto [fields, client] = GENERATE(table<std::vector<std::string>, std::string>({
        Row{{"9.9.9.9"}, "9.9.9.9"},
        Row{{"8.8.8.8, 9.9.9.9"}, "9.9.9.9"},
        Row{{"9.9.9.9, 10.0.0.1"}, "9.9.9.9"},
        Row{{"9.9.9.9,10.0.0.1 ,\t127.0.0.5"}, "9.9.9.9"},
        Row{{"8.8.8.8", "9.9.9.9"}, "9.9.9.9"},
        Row{{"9.9.9.9", "10.0.0.1"}, "9.9.9.9"},
        Row{{"10.0.0.2, 10.0.0.1"}, "10.0.0.2"},
        Row{{"9.9.9.9, nonsense, 10.0.0.1"}, "10.0.0.1"},
        Row{{"9.9.9.9, nonsense"}, ""},
        Row{{"9.9.9.9,, 10.0.0.1"}, "10.0.0.1"},
        Row{{""}, ""},
        Row{{"9.9.9.9:1234"}, ""},
        Row{{"::ffff:9.9.9.9"}, "9.9.9.9"},
        Row{{"2001:db8::1, ::1"}, "2001:db8::1"},
        Row{{}, ""},
    }));
    http::RequestHead head;
    for (const std::string& field : fields) REQUIRE(head.add_field("x-forwarded-FOR", field));
    const std::optional<http::Address> found = proxies.client_of(head);
    CHECK((found ? found->to_string() : std::string()) == client);
}

TEST_CASE("X-Forwarded-For is believed only where the listener says so and the peer is trusted") {
    using Row = std::tuple<bool, std::string, std::string>;
    const auto [believes, trusted, client] = GENERATE(table<bool, std::string, std::string>({
        Row{true, "127.0.0.1", "9.9.9.9"},
        Row{false, "127.0.0.1", "127.0.0.1"},
        Row{true, "10.0.0.0/8", "127.0.0.1"},
    }));
    http::ServerConfig config;
    config.listeners = {{.address = "127.0.0.1", .path = {}, .x_forwarded = believes}};
    config.trusted_proxies = {trusted};
    Door door(config);
    Client connection(door.port());
    connection.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n");
    REQUIRE(connection.read_answer());
    CHECK(door.desk().seen().at(0).client == client);
}
