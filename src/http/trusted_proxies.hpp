#pragma once

#include "request_head.hpp"

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mxcd::http {

using Address = boost::asio::ip::address;

/// A plain address, without zone; IPv4-mapped IPv6 becomes IPv4.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
[[nodiscard]] Address unmapped(const Address& address);

/// An address block such as 10.0.0.0/8; an address alone is a block of one.
class AddressBlock {
  public:
    [[nodiscard]] static std::optional<AddressBlock> parse(std::string_view text);
    [[nodiscard]] bool contains(const Address& address) const;

  private:
    AddressBlock(Address network, unsigned prefix) : network_(std::move(network)), prefix_(prefix) {}

    Address network_;
    unsigned prefix_;
};

/// The proxies whose X-Forwarded-For is believed.
class TrustedProxies {
  public:
    /// Texts that are no address block are left out; the configuration has refused them before.
    explicit TrustedProxies(const std::vector<std::string>& blocks);

    [[nodiscard]] bool contains(const Address& address) const;
    /// Who sent a request that came over a trusted peer: the right-most address of X-Forwarded-For that is no
    /// trusted proxy. A malformed entry ends the walk at the address before it. Nothing when the field says
    /// nothing.
    [[nodiscard]] std::optional<Address> client_of(const RequestHead& head) const;

  private:
    std::vector<AddressBlock> blocks_;
};

}  // namespace mxcd::http
