#include "mxcd/base/random.hpp"

#include "http/response_writer.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace mxcd;

namespace {

/// A strict reader of `Name: value CRLF`, independent of the builder.
bool is_one_clean_field(const std::string& text) {
    const std::size_t end = text.find("\r\n");
    if (end == std::string::npos || end + 2 != text.size()) return false;
    const std::string line = text.substr(0, end);
    if (!line.starts_with("X-Value: ")) return false;
    return std::ranges::all_of(line, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

}  // namespace

TEST_CASE("no value can break out of a header field: a million random ones") {
    const std::unique_ptr<base::RandomSource> random = base::make_system_random();
    std::array<std::byte, 32 * 1024> batch{};
    int tried = 0;
    while (tried < 1'000'000) {
        random->fill(batch);
        for (std::size_t at = 0; at + 32 <= batch.size() && tried < 1'000'000; at += 32, ++tried) {
            std::string value(reinterpret_cast<const char*>(&batch.at(at)), 31);
            // Control bytes must be frequent, not one in eight.
            if (tried % 2 == 0)
                for (char& c : value) c = "\r\n\0\t :xy\x7f\x1b\x80Set"[static_cast<unsigned char>(c) % 14];
            http::HeaderBlock block;
            block.add("X-Value", value);
            if (!is_one_clean_field(block.text())) FAIL("value number " << tried);
        }
    }
}

TEST_CASE("a header block keeps order, numbers and what other blocks hold") {
    http::HeaderBlock common;
    common.add("A", "b");
    http::HeaderBlock block;
    block.add("First", std::int64_t{-5}).add(common).add("Last", "x\r\nEvil: y");
    CHECK(block.text() == "First: -5\r\nA: b\r\nLast: xEvil: y\r\n");
}

TEST_CASE("the head of an answer names length and what becomes of the connection") {
    http::Response response;
    response.body = std::string("four");
    std::string head;
    http::render_head(response, {.closes = true}, "Date: now\r\n", head);
    CHECK(head == "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
    response.status = 304;
    http::render_head(response, {.is_http_1_0 = true}, "", head);
    CHECK(head == "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n");
}
