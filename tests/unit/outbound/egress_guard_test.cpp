#include "outbound/egress_guard.hpp"

#include "support/catch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>

namespace mxcd::outbound {

namespace {

bool may_reach(const std::string& text) {
    const std::optional<IpAddress> address = IpAddress::parse(text);
    REQUIRE(address);
    return is_public(*address);
}

/// The last address of a range.
IpAddress last_of(const BlockedRange& range) {
    IpAddress address = IpAddress::parse(range.first).value();
    for (int bit = range.prefix_length; bit < static_cast<int>(address.size) * 8; ++bit)
        address.bytes[static_cast<std::size_t>(bit / 8)] |= static_cast<std::uint8_t>(0x80 >> (bit % 8));
    return address;
}

}  // namespace

TEST_CASE("the first and the last address of every blocked range are blocked") {
    for (const BlockedRange& range : blocked_ranges()) {
        INFO(range.first << "/" << range.prefix_length << " " << range.why);
        CHECK_FALSE(may_reach(range.first));
        CHECK_FALSE(is_public(last_of(range)));
    }
}

TEST_CASE("IPv4 addresses that are not global unicast are blocked") {
    const auto* address =
        GENERATE("0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
                 "127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "172.16.0.0",
                 "172.31.255.255", "192.0.0.0", "192.0.0.170", "192.0.0.255", "192.0.2.1", "192.88.99.1",
                 "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.1",
                 "203.0.113.1", "224.0.0.0", "239.255.255.255", "240.0.0.1", "255.255.255.255");
    CHECK_FALSE(may_reach(address));
}

TEST_CASE("IPv4 addresses right beside the blocked ranges are public") {
    const auto* address =
        GENERATE("1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
                 "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
                 "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0",
                 "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
                 "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255");
    CHECK(may_reach(address));
}

TEST_CASE("IPv6 addresses that are not global unicast are blocked") {
    const auto* address = GENERATE(
        "::", "::1", "64:ff9b:1::", "64:ff9b:1::808:808", "100::", "100:0:0:1::", "1fff::1", "2001::1",
        "2001:2::1", "2001:10::1", "2001:20::1", "2001:30::1", "2001:1ff:ffff::", "2001:db8::1",
        "2001:db8:ffff::1", "3ffe::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "7fff::1", "8000::1",
        "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ffff::1");
    CHECK_FALSE(may_reach(address));
}

TEST_CASE("IPv6 addresses right beside the blocked ranges are public") {
    const auto* address = GENERATE("2000::1", "2001:200::1", "2001:db7::1", "2001:db9::1", "2600::1",
                                   "2a00:1450::1", "3ffd:ffff::1", "3fff:1000::1", "2003::1");
    CHECK(may_reach(address));
}

TEST_CASE("an IPv4 address wrapped in an IPv6 one is judged by what it wraps") {
    using Row = std::tuple<const char*, bool>;
    const auto [address, expected] = GENERATE(table<const char*, bool>({
        Row{"::ffff:127.0.0.1", false},            // mapped
        Row{"::ffff:10.0.0.1", false},             //
        Row{"::ffff:169.254.169.254", false},      //
        Row{"::ffff:0.0.0.0", false},              //
        Row{"::ffff:8.8.8.8", true},               //
        Row{"64:ff9b::7f00:1", false},             // NAT64
        Row{"64:ff9b::a9fe:a9fe", false},          //
        Row{"64:ff9b::808:808", true},             //
        Row{"64:ff9b::1:808:808", false},          // not in 64:ff9b::/96
        Row{"::127.0.0.1", false},                 // IPv4-compatible: retired, blocked as a whole
        Row{"::8.8.8.8", false},                   //
        Row{"2002:7f00:1::", false},               // 6to4
        Row{"2002:a00:1::1", false},               //
        Row{"2002:c0a8:1::1", false},              //
        Row{"2002:808:808::1", true},              //
        Row{"2001:0:7f00:1::", false},             // Teredo: blocked as a whole
        Row{"2001:0:808:808::f7f7:f7f7", false},   //
        Row{"2600::5efe:127.0.0.1", false},        // ISATAP
        Row{"2600::200:5efe:10.0.0.1", false},     //
        Row{"2600::300:5efe:192.168.1.1", false},  //
        Row{"2600::5efe:8.8.8.8", true},           //
        Row{"2600::5eff:127.0.0.1", true},         // no ISATAP identifier
    }));
    INFO(address);
    CHECK(may_reach(address) == expected);
}

TEST_CASE("only strictly numeric addresses are addresses") {
    const auto* text = GENERATE("", "127.1", "0", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "[::1]",
                                "fe80::1%lo", "localhost", "1.2.3.4 ");
    CHECK_FALSE(IpAddress::parse(text));
}

TEST_CASE("a socket address of another family or a truncated one is no IP address") {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(0x08080808);
    const auto& address = reinterpret_cast<const sockaddr&>(v4);
    const std::optional<IpAddress> whole = IpAddress::of(address, sizeof v4);
    REQUIRE(whole);
    CHECK(is_public(*whole));
    CHECK_FALSE(IpAddress::of(address, sizeof v4 - 1));
    v4.sin_family = AF_UNIX;
    CHECK_FALSE(IpAddress::of(address, sizeof v4));
}

}  // namespace mxcd::outbound
