#include "egress_guard.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace mxcd::outbound {

namespace {

constexpr BlockedRange table[] = {
    {"0.0.0.0", 8, "this network"},
    {"10.0.0.0", 8, "private"},
    {"100.64.0.0", 10, "carrier-grade NAT"},
    {"127.0.0.0", 8, "loopback"},
    {"169.254.0.0", 16, "link-local, cloud metadata"},
    {"172.16.0.0", 12, "private"},
    {"192.0.0.0", 24, "protocol assignments"},
    {"192.0.2.0", 24, "documentation"},
    {"192.88.99.0", 24, "6to4 relays, retired"},
    {"192.168.0.0", 16, "private"},
    {"198.18.0.0", 15, "benchmarking"},
    {"198.51.100.0", 24, "documentation"},
    {"203.0.113.0", 24, "documentation"},
    {"224.0.0.0", 4, "multicast"},
    {"240.0.0.0", 4, "reserved, broadcast"},
    // Outside 2000::/3 nothing is global unicast; these rows are what lies there.
    {"::", 3, "unspecified, loopback, IPv4-compatible, local NAT64, discard-only"},
    {"4000::", 2, "not assigned, segment routing"},
    {"8000::", 1, "not assigned, unique local, link-local, site-local, multicast"},
    {"2001::", 23, "protocol assignments, Teredo, benchmarking, ORCHID"},
    {"2001:db8::", 32, "documentation"},
    {"3ffe::", 16, "the old test network"},
    {"3fff::", 20, "documentation"},
};

struct Range {
    IpAddress first;
    int prefix_length;
};

std::vector<Range> parse_table() {
    std::vector<Range> ranges;
    for (const BlockedRange& row : table)
        ranges.push_back({IpAddress::parse(row.first).value(), row.prefix_length});
    return ranges;
}

bool contains(const Range& range, const IpAddress& address) {
    if (range.first.size != address.size) return false;
    const auto whole_bytes = static_cast<std::size_t>(range.prefix_length / 8);
    const int bits_left = range.prefix_length % 8;
    if (!std::equal(address.bytes.begin(), address.bytes.begin() + whole_bytes, range.first.bytes.begin()))
        return false;
    const int mask = (0xff << (8 - bits_left)) & 0xff;
    return bits_left == 0 || (address.bytes[whole_bytes] & mask) == range.first.bytes[whole_bytes];
}

bool is_blocked(const IpAddress& address) {
    static const std::vector<Range> ranges = parse_table();
    return std::ranges::any_of(ranges, [&](const Range& range) { return contains(range, address); });
}

template <std::size_t N>
bool has_bytes(const IpAddress& address, std::size_t offset, const std::array<std::uint8_t, N>& expected) {
    return std::equal(expected.begin(), expected.end(),
                      address.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

IpAddress wrapped_at(const IpAddress& outer, std::size_t offset) {
    IpAddress inner;
    inner.size = 4;
    std::copy_n(outer.bytes.begin() + static_cast<std::ptrdiff_t>(offset), 4, inner.bytes.begin());
    return inner;
}

/// Where packets to this IPv6 address end up, when the address only wraps an IPv4 one as a whole.
std::optional<IpAddress> translated(const IpAddress& address) {
    constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    constexpr std::array<std::uint8_t, 12> nat64 = {0, 0x64, 0xff, 0x9b};
    if (has_bytes(address, 0, mapped) || has_bytes(address, 0, nat64)) return wrapped_at(address, 12);
    return std::nullopt;
}

/// IPv4 addresses that an otherwise ordinary IPv6 address leads to through a tunnel.
std::optional<IpAddress> tunnelled(const IpAddress& address) {
    constexpr std::array<std::uint8_t, 2> six_to_four = {0x20, 0x02};
    constexpr std::array<std::uint8_t, 3> isatap = {0, 0x5e, 0xfe};
    if (has_bytes(address, 0, six_to_four)) return wrapped_at(address, 2);
    // The first byte of an ISATAP interface identifier only differs in the universal/local and group bits.
    if ((address.bytes[8] & 0xfc) == 0 && has_bytes(address, 9, isatap)) return wrapped_at(address, 12);
    return std::nullopt;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(const std::string& text) {
    IpAddress address;
    if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
        address.size = 4;
        return address;
    }
    if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) != 1) return std::nullopt;
    address.size = 16;
    return address;
}

std::optional<IpAddress> IpAddress::of(const sockaddr& address, socklen_t length) {
    IpAddress ip;
    if (address.sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        std::memcpy(ip.bytes.data(), &v4.sin_addr, ip.size = 4);
        return ip;
    }
    if (address.sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        std::memcpy(ip.bytes.data(), &v6.sin6_addr, ip.size = 16);
        return ip;
    }
    return std::nullopt;
}

std::span<const BlockedRange> blocked_ranges() { return table; }

bool is_public(const IpAddress& address) {
    if (address.size != 16) return !is_blocked(address);
    if (const std::optional<IpAddress> inner = translated(address)) return !is_blocked(*inner);
    if (is_blocked(address)) return false;
    const std::optional<IpAddress> inner = tunnelled(address);
    return !inner || !is_blocked(*inner);
}

}  // namespace mxcd::outbound
