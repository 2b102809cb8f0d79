#include "support/catch.hpp"
#include "unit/http/door.hpp"

using namespace mxcd;
using namespace mxcd::test;

namespace {

bool is_served_over_ipv4(std::uint16_t port) {
    try {
        Client client(port);
        return is_served(client);
    } catch (const std::runtime_error&) {
        return false;
    }
}

/// False, with a warning, where the machine has no IPv6 loopback address.
bool has_ipv6() {
    const base::UniqueFd probe(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    const bool is_there =
        probe && bind(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    if (!is_there) WARN("skipped: this machine has no IPv6");
    return is_there;
}

http::ServerConfig listening_at(const std::vector<std::string>& addresses, std::uint16_t port = 0) {
    http::ServerConfig config;
    for (const std::string& address : addresses)
        config.listeners.push_back({.address = address, .port = port, .path = {}, .x_forwarded = true});
    config.trusted_proxies = {"::1"};
    return config;
}

}  // namespace

TEST_CASE("an IPv6 listener serves IPv6, names its clients, and leaves IPv4 alone") {
    if (!has_ipv6()) return;
    Door door(listening_at({"::1"}));
    CHECK(door.bound().front().url == "http://[::1]:" + std::to_string(door.port()));
    Client client = Client::over_ipv6(door.port());
    CHECK(is_served(client));
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 2001:db8::7\r\n\r\n");
    REQUIRE(client.read_answer());
    CHECK(door.desk().seen().at(0).client == "::1");
    CHECK(door.desk().seen().at(1).client == "2001:db8::7");
    CHECK_FALSE(is_served_over_ipv4(door.port()));
}

TEST_CASE("the IPv6 wildcard alone takes IPv4 too, under its own addresses") {
    if (!has_ipv6()) return;
    Door door(listening_at({"::"}));
    Client client = Client::over_ipv6(door.port());
    CHECK(is_served(client));
    CHECK(is_served_over_ipv4(door.port()));
    CHECK(door.desk().seen().at(0).client == "::1");
    CHECK(door.desk().seen().at(1).client == "127.0.0.1");
}

TEST_CASE("both wildcards at one port stand beside each other, in either order") {
    if (!has_ipv6()) return;
    // A port that was free for both a moment ago.
    const std::uint16_t port = Door(listening_at({"::"})).port();
    const bool is_ipv6_first = GENERATE(true, false);
    const std::vector<std::string> addresses =
        is_ipv6_first ? std::vector<std::string>{"::", "0.0.0.0"} : std::vector<std::string>{"0.0.0.0", "::"};
    Door door(listening_at(addresses, port));
    Client client = Client::over_ipv6(port);
    CHECK(is_served(client));
    CHECK(is_served_over_ipv4(port));
}
