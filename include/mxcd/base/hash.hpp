#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mxcd::base {

using Sha256Digest = std::array<std::byte, 32>;

/// SHA-256 over bytes that arrive in pieces.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::span<const std::byte> bytes);
    /// The digest of everything seen so far; the object must not be used afterwards.
    [[nodiscard]] Sha256Digest finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

[[nodiscard]] Sha256Digest sha256(std::string_view text);
/// Of the pieces one after the other.
[[nodiscard]] Sha256Digest sha256(std::initializer_list<std::string_view> pieces);
[[nodiscard]] Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

/// Compares in a time that depends on the lengths only.
[[nodiscard]] bool equal_in_constant_time(std::string_view left, std::string_view right);

[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
/// Lower- or upper-case digits, even count; nothing otherwise.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
/// URL-safe alphabet, no padding (RFC 4648 section 5).
[[nodiscard]] std::string to_base64url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

}  // namespace mxcd::base
