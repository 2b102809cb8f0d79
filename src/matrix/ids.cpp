#include "mxcd/matrix/ids.hpp"

#include "mxcd/base/text.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>

namespace mxcd::matrix {

namespace {

constexpr std::size_t longest_id = 255;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool is_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) return false;
    int port = 0;
    for (const char digit : text) port = port * 10 + (digit - '0');
    return port <= 65535;
}

bool is_ipv6_literal(std::string_view text) {
    const auto is_allowed = [](char c) {
        return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
    };
    if (text.size() < 2 || text.size() > 45 || !std::all_of(text.begin(), text.end(), is_allowed))
        return false;
    in6_addr address{};
    return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

enum class Ipv4Form : std::uint8_t { other, address, out_of_range };

/// Four groups of one to three digits can only be meant as an address, though the grammar of names fits them
/// too.
Ipv4Form ipv4_form(std::string_view host) {
    int groups = 0;
    int digits = 0;
    int value = 0;
    bool is_in_range = true;
    for (const char c : host) {
        if (c == '.') {
            if (digits == 0) return Ipv4Form::other;
            ++groups;
            digits = value = 0;
        } else {
            if (!is_digit(c) || ++digits > 3) return Ipv4Form::other;
            value = value * 10 + (c - '0');
            if (value > 255) is_in_range = false;
        }
    }
    if (groups != 3 || digits == 0) return Ipv4Form::other;
    return is_in_range ? Ipv4Form::address : Ipv4Form::out_of_range;
}

bool is_dns_name(std::string_view host) {
    if (host.empty() || host.size() > 255 || host.front() == '.' || host.back() == '.') return false;
    if (host.find("..") != std::string_view::npos) return false;
    return std::all_of(host.begin(), host.end(),
                       [](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
}

bool is_host(std::string_view host) {
    if (!host.empty() && host.front() == '[')
        return host.size() > 2 && host.back() == ']' && is_ipv6_literal(host.substr(1, host.size() - 2));
    return ipv4_form(host) != Ipv4Form::out_of_range && is_dns_name(host);
}

/// Where the host ends: behind the bracket of an IPv6 address, else before the first ':'.
std::size_t host_length(std::string_view text) {
    if (text.empty() || text.front() != '[') return std::min(text.find(':'), text.size());
    const std::size_t bracket = text.find(']');
    return bracket == std::string_view::npos ? text.size() : bracket + 1;
}

/// Printable: valid UTF-8 without control characters (C0, DEL, C1).
bool is_printable(std::string_view text) {
    if (!base::is_valid_utf8(text)) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == 0x7F) return false;
        if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) return false;
    }
    return true;
}

}  // namespace

std::optional<MediaId> MediaId::parse(std::string_view text) {
    if (text.empty() || text.size() > longest_id) return std::nullopt;
    const auto is_allowed = [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; };
    if (!std::all_of(text.begin(), text.end(), is_allowed)) return std::nullopt;
    return MediaId(std::string(text));
}

std::optional<ServerName> ServerName::parse(std::string_view text) {
    const std::size_t length = host_length(text);
    const std::string_view rest = text.substr(length);
    if (!is_host(text.substr(0, length))) return std::nullopt;
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
    return ServerName(std::string(text));
}

std::optional<UserId> UserId::parse(std::string_view text) {
    if (text.empty() || text.size() > longest_id || text.front() != '@') return std::nullopt;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 1 || !is_printable(text.substr(1, colon - 1)))
        return std::nullopt;
    if (!ServerName::parse(text.substr(colon + 1))) return std::nullopt;
    return UserId(std::string(text));
}

std::string_view UserId::server() const {
    const std::string_view text = text_;
    return text.substr(text.find(':') + 1);
}

std::string mxc_uri(const ServerName& server, const MediaId& media) {
    return "mxc://" + server.text() + "/" + media.text();
}

}  // namespace mxcd::matrix
