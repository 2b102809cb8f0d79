// For the functions behind sha256(text), which OpenSSL 3 still has and advises against.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "mxcd/base/hash.hpp"

#include "mxcd/base/errors.hpp"

#include "hex.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cassert>
#include <climits>
#include <cstdint>
#include <utility>

namespace mxcd::base {

namespace {

struct FreeDigest {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};
struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// Looked up once: EVP_sha256() makes OpenSSL 3 search its providers for every digest.
const EVP_MD* sha256_algorithm() {
    static const std::unique_ptr<EVP_MD, FreeDigest> algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    return algorithm.get();
}

void require(int openssl_result) {
    if (openssl_result != 1) throw StorageError("OpenSSL cannot hash");
}

unsigned char* as_unsigned(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int base64url_value(char digit) {
    if (digit >= 'A' && digit <= 'Z') return digit - 'A';
    if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9') return digit - '0' + 52;
    if (digit == '-') return 62;
    if (digit == '_') return 63;
    return -1;
}

}  // namespace

struct Sha256::Context {
    std::unique_ptr<EVP_MD_CTX, FreeContext> digest{EVP_MD_CTX_new()};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
    require(EVP_DigestInit_ex2(context_->digest.get(), sha256_algorithm(), nullptr));
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes) {
    assert(context_ && "a finished digest takes no more bytes");
    require(EVP_DigestUpdate(context_->digest.get(), bytes.data(), bytes.size()));
}

Sha256Digest Sha256::finish() {
    assert(context_ && "a digest is finished once");
    const std::unique_ptr<Context> context = std::move(context_);
    Sha256Digest digest{};
    require(EVP_DigestFinal_ex(context->digest.get(), as_unsigned(digest.data()), nullptr));
    return digest;
}

Sha256Digest sha256(std::string_view text) { return sha256({text}); }

Sha256Digest sha256(std::initializer_list<std::string_view> pieces) {
    // Every request's token is hashed: the allocations and look-ups of EVP cost a twentieth of a small
    // answer.
    SHA256_CTX context{};
    Sha256Digest digest{};
    require(SHA256_Init(&context));
    for (const std::string_view piece : pieces) require(SHA256_Update(&context, piece.data(), piece.size()));
    require(SHA256_Final(as_unsigned(digest.data()), &context));
    return digest;
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
    assert(key.size() <= INT_MAX);
    if (key.empty()) key = "";  // a null pointer means "the previous key" to OpenSSL
    Sha256Digest digest{};
    const unsigned char* const result = HMAC(sha256_algorithm(), key.data(), static_cast<int>(key.size()),
                                             reinterpret_cast<const unsigned char*>(message.data()),
                                             message.size(), as_unsigned(digest.data()), nullptr);
    require(result != nullptr ? 1 : 0);
    return digest;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string to_hex(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(bytes.size() * 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text[2 * i] = digits[std::to_integer<std::size_t>(bytes[i] >> 4)];
        text[2 * i + 1] = digits[std::to_integer<std::size_t>(bytes[i] & std::byte{15})];
    }
    return text;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return bytes;
}

std::string to_base64url(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char byte : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(byte);
        count += 8;
        for (; count >= 6; count -= 6) text.push_back(base64url_alphabet[(bits >> (count - 6)) & 63]);
    }
    if (count > 0) text.push_back(base64url_alphabet[(bits << (6 - count)) & 63]);
    return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char digit : text) {
        const int value = base64url_value(digit);
        if (value < 0) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<char>((bits >> count) & 255));
    }
    // Left-over bits that are not zero would give one value two spellings.
    if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
    return bytes;
}

}  // namespace mxcd::base
