#include "trusted_proxies.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/http/server.hpp"

#include <algorithm>
#include <ranges>

namespace mxcd::http {

namespace {

constexpr unsigned mapped_prefix = 96;  // ::ffff:0:0/96, RFC 4291

template <class Bytes>
bool share_prefix(const Bytes& left, const Bytes& right, unsigned prefix) {
    const std::size_t whole = prefix / 8;
    if (!std::equal(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(whole), right.begin()))
        return false;
    const unsigned rest = prefix % 8;
    return rest == 0 || ((left.at(whole) ^ right.at(whole)) >> (8 - rest)) == 0;
}

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

Address unmapped(const Address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

std::optional<Address> parse_address(std::string_view text) {
    if (text.empty() || text.size() > 45 || text.find('%') != std::string_view::npos) return std::nullopt;
    boost::system::error_code error;
    const Address address = boost::asio::ip::make_address(std::string(text), error);
    if (error) return std::nullopt;
    return unmapped(address);
}

std::optional<AddressBlock> AddressBlock::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view address_text = text.substr(0, slash);
    const std::optional<Address> address = parse_address(address_text);
    if (!address) return std::nullopt;
    const bool was_mapped = address->is_v4() && address_text.find(':') != std::string_view::npos;
    const unsigned bits = address->is_v4() ? 32 : 128;
    if (slash == std::string_view::npos) return AddressBlock(*address, bits);
    const std::optional<std::int64_t> prefix = base::parse_decimal(text.substr(slash + 1));
    const std::int64_t skipped = was_mapped ? mapped_prefix : 0;
    if (!prefix || *prefix < skipped || *prefix > bits + skipped) return std::nullopt;
    return AddressBlock(*address, static_cast<unsigned>(*prefix - skipped));
}

bool AddressBlock::contains(const Address& address) const {
    if (address.is_v4() != network_.is_v4()) return false;
    if (address.is_v4())
        return share_prefix(address.to_v4().to_bytes(), network_.to_v4().to_bytes(), prefix_);
    return share_prefix(address.to_v6().to_bytes(), network_.to_v6().to_bytes(), prefix_);
}

TrustedProxies::TrustedProxies(const std::vector<std::string>& blocks) {
    for (const std::string& text : blocks)
        if (const std::optional<AddressBlock> block = AddressBlock::parse(text)) blocks_.push_back(*block);
}

bool TrustedProxies::contains(const Address& address) const {
    return std::ranges::any_of(blocks_, [&](const AddressBlock& block) { return block.contains(address); });
}

std::optional<Address> TrustedProxies::client_of(const RequestHead& head) const {
    std::optional<Address> nearest;
    for (const HeaderField& field : std::views::reverse(head.fields())) {
        if (!base::equal_ignoring_ascii_case(field.name, "X-Forwarded-For")) continue;
        std::string_view left = field.value;
        for (bool is_first = false; !is_first;) {
            const std::size_t comma = left.rfind(',');
            is_first = comma == std::string_view::npos;
            const std::optional<Address> address =
                parse_address(trim(is_first ? left : left.substr(comma + 1)));
            if (!address) return nearest;
            nearest = address;
            if (!contains(*address)) return nearest;
            if (!is_first) left = left.substr(0, comma);
        }
    }
    return nearest;
}

bool is_address_block(const std::string& text) { return AddressBlock::parse(text).has_value(); }

}  // namespace mxcd::http
