#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mxcd::matrix {

/// The last part of an `mxc://` URI. Spec: Client-Server API, Content Repository, "must match
/// [A-Za-z0-9_-]+"; at most 255 bytes here.
class MediaId {
  public:
    [[nodiscard]] static std::optional<MediaId> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    friend auto operator<=>(const MediaId&, const MediaId&) = default;

  private:
    explicit MediaId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// A server name: host name, IPv4 or bracketed IPv6 address, optional port. Compared case-sensitively.
/// Spec: Appendices, "Server Name".
class ServerName {
  public:
    [[nodiscard]] static std::optional<ServerName> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    friend auto operator<=>(const ServerName&, const ServerName&) = default;

  private:
    explicit ServerName(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// `@localpart:server`. Historical localparts are accepted: any printable UTF-8 without ':' or NUL, not
/// empty; at most 255 bytes in all. Compared byte by byte. Spec: Appendices, "User Identifiers".
class UserId {
  public:
    [[nodiscard]] static std::optional<UserId> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    /// The part behind the first ':'.
    [[nodiscard]] std::string_view server() const;
    friend auto operator<=>(const UserId&, const UserId&) = default;

  private:
    explicit UserId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

[[nodiscard]] std::string mxc_uri(const ServerName& server, const MediaId& media);

}  // namespace mxcd::matrix

template <>
struct std::hash<mxcd::matrix::UserId> {
    std::size_t operator()(const mxcd::matrix::UserId& user) const noexcept {
        return std::hash<std::string>()(user.text());
    }
};
template <>
struct std::hash<mxcd::matrix::MediaId> {
    std::size_t operator()(const mxcd::matrix::MediaId& media) const noexcept {
        return std::hash<std::string>()(media.text());
    }
};
