#include "mxcd/base/hash.hpp"

#include "support/catch.hpp"

#include <span>

using namespace mxcd::base;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string hex(std::string_view text) { return to_hex(bytes_of(text)); }

}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180-2") {
    CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256(std::string(1'000'000, 'a'))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("pieces of any size give the digest of the whole") {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += static_cast<char>(i * 7);
    const std::size_t piece = GENERATE(1U, 3U, 63U, 64U, 65U, 4096U, 10000U);
    Sha256 hash;
    hash.update({});
    for (std::size_t at = 0; at < text.size(); at += piece)
        hash.update(bytes_of(std::string_view(text).substr(at, piece)));
    CHECK(hash.finish() == sha256(text));
}

TEST_CASE("a digest in progress can be moved") {
    Sha256 first;
    first.update(bytes_of("a"));
    Sha256 second = std::move(first);
    second.update(bytes_of("b"));
    Sha256 third;
    third = std::move(second);
    third.update(bytes_of("c"));
    CHECK(third.finish() == sha256("abc"));
}

TEST_CASE("HMAC-SHA-256 gives the values of RFC 4231") {
    CHECK(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(to_hex(hmac_sha256(std::string(131, '\xaa'),
                             "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(to_hex(hmac_sha256({}, {})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("comparison in constant time compares") {
    CHECK(equal_in_constant_time("", ""));
    CHECK(equal_in_constant_time("secret", "secret"));
    CHECK_FALSE(equal_in_constant_time("secret", "secreT"));
    CHECK_FALSE(equal_in_constant_time("secret", "secret2"));
    CHECK_FALSE(equal_in_constant_time("secret", ""));
    CHECK_FALSE(equal_in_constant_time(std::string("a\0b", 3), std::string("a\0c", 3)));
}

TEST_CASE("hexadecimal text goes both ways") {
    CHECK(hex(std::string("\x00\x7f\x80\xff", 4)) == "007f80ff");
    CHECK(from_hex("007F80ff") == std::string("\x00\x7f\x80\xff", 4));
    CHECK(from_hex("") == "");
    for (const char* wrong : {"0", "0g", "g0", "0x", " 0", "00 ", "-1", "\xff\xff"}) {
        CAPTURE(wrong);
        CHECK_FALSE(from_hex(wrong));
    }
}

TEST_CASE("base64url goes both ways without padding") {
    struct Row {
        std::string bytes;
        std::string text;
    };
    for (const Row& row : {Row{"", ""}, Row{"f", "Zg"}, Row{"fo", "Zm8"}, Row{"foo", "Zm9v"},
                           Row{"foob", "Zm9vYg"}, Row{"foobar", "Zm9vYmFy"}, Row{"\xfb\xff\xfe", "-__-"}}) {
        CAPTURE(row.text);
        CHECK(to_base64url(row.bytes) == row.text);
        CHECK(from_base64url(row.text) == row.bytes);
    }
    std::string every_byte;
    for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
    CHECK(from_base64url(to_base64url(every_byte)) == every_byte);
}

TEST_CASE("base64url refuses padding, other alphabets, impossible lengths and second spellings") {
    for (const char* wrong : {"Z", "Zg==", "Zm9vY", "+__-", "/__-", "Zm 8", "Zh", "Zm9", "\xff\xff"}) {
        CAPTURE(wrong);
        CHECK_FALSE(from_base64url(wrong));
    }
}
