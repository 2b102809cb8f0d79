#include "support/catch.hpp"
#include "unit/http/door.hpp"

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

/// How long the server still takes what a client sends that has seen the end of the answer; at most `limit`.
std::chrono::milliseconds time_until_refused(Client& client, std::chrono::milliseconds limit) {
    const auto began = std::chrono::steady_clock::now();
    std::chrono::milliseconds passed{0};
    while (passed < limit && client.send("x")) {
        // The server's half of the connection has ended, so nothing but the passing of time wakes this up.
        poll(nullptr, 0, 20);
        passed =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    }
    return passed;
}

}  // namespace

TEST_CASE("a client that has sent all we asked for is waited for a second, not for the whole linger time") {
    http::ServerConfig config;
    config.linger_time = 20s;
    Door door(config);
    Client client(door.port());
    // The 10,000th request is the last of a connection.
    std::string batch;
    for (int i = 0; i < 1000; ++i) batch += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (int i = 0; i < 10; ++i) {
        client.send(batch);
        for (int k = 0; k < 1000; ++k) REQUIRE(client.read_answer());
    }
    CHECK(client.read_to_end().empty());
    const std::chrono::milliseconds lingered = time_until_refused(client, 15s);
    CHECK(lingered > 300ms);
    CHECK(lingered < 10s);
}

TEST_CASE("a refused body is thrown away for the whole linger time, and not longer") {
    http::ServerConfig config;
    config.linger_time = 2s;
    Door door(config);
    Client client(door.port());
    client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 413);
    CHECK(client.read_to_end().empty());
    const std::chrono::milliseconds lingered = time_until_refused(client, 15s);
    CHECK(lingered > 1300ms);
    CHECK(lingered < 10s);
}

TEST_CASE("a refused body is thrown away up to the linger bytes") {
    http::ServerConfig config;
    config.linger_time = 20s;
    config.linger_bytes = base::ByteCount(4 * 1024 * 1024);
    Door door(config);
    Client client(door.port());
    client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK(client.read_to_end().empty());
    const std::string piece(64 * 1024, 'x');
    std::size_t sent = 0;
    while (sent < 64U * 1024 * 1024 && client.send(piece)) sent += piece.size();
    CHECK(sent >= 4U * 1024 * 1024);
    CHECK(sent < 32U * 1024 * 1024);  // what the sockets' buffers hold comes on top
}
