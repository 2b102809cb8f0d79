#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace mxcd::outbound {

/// An address in network order: 4 bytes (IPv4) or 16 (IPv6).
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t size = 0;

    /// Strictly numeric text without a zone ("127.0.0.1", "::1"); nothing otherwise.
    [[nodiscard]] static std::optional<IpAddress> parse(const std::string& text);
    /// Nothing for other families than IPv4 and IPv6, and when `length` is too short.
    [[nodiscard]] static std::optional<IpAddress> of(const sockaddr& address, socklen_t length);
};

/// Addresses that no request of the public internet's kind may reach.
struct BlockedRange {
    const char* first;  // the range's first address
    int prefix_length;
    const char* why;
};

/// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 5771 (multicast), RFC 4291.
[[nodiscard]] std::span<const BlockedRange> blocked_ranges();

/// True for global unicast only. IPv4 addresses that are wrapped in IPv6 (mapped, NAT64, 6to4, ISATAP) are
/// judged by what they wrap.
[[nodiscard]] bool is_public(const IpAddress& address);

}  // namespace mxcd::outbound
