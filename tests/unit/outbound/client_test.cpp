#include "support/temp_folder.hpp"
#include "unit/outbound/client_fixture.hpp"

#include <cstdlib>

namespace mxcd::outbound {

using test::StubAnswer;
using test::StubRequest;
using test::StubServer;

TEST_CASE("a request is sent as it was asked for") {
    StubServer server(StubAnswer{});
    ClientFixture fixture;
    OutboundRequest request = get(server.url() + "/path?q=%20");
    request.method = "POST";
    request.headers = {"Authorization: Bearer abc", "X-Two: 2"};
    request.body = std::string("token=\0x", 8);
    request.content_type = "application/x-www-form-urlencoded";
    fixture.send(request);

    const StubRequest seen = server.requests().at(0);
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/path?q=%20");
    CHECK(seen.header("authorization") == "Bearer abc");
    CHECK(seen.header("x-two") == "2");
    CHECK(seen.header("content-type") == "application/x-www-form-urlencoded");
    CHECK(seen.header("accept-encoding") == "identity");
    CHECK(seen.header("user-agent") == "mxcd");
    CHECK(seen.body == std::string("token=\0x", 8));
}

TEST_CASE("every method arrives, and a large body does not wait for 100 Continue") {
    StubServer server(StubAnswer{.body = ""});
    ClientFixture fixture;
    const auto* method = GENERATE("GET", "PUT", "DELETE", "HEAD", "POST");
    OutboundRequest request = get(server.url());
    request.method = method;
    if (request.method == "PUT") request.body = std::string(3'000'000, 'x');
    CHECK(fixture.send(request).status == 200);
    const StubRequest seen = server.requests().at(0);
    CHECK(seen.method == method);
    CHECK(seen.body == request.body);
    CHECK(seen.header("expect").empty());
    CHECK(seen.headers.count("content-type") == 0);
}

TEST_CASE("any status is an answer, with its headers in lower case") {
    StubServer server(
        StubAnswer{.status = 429, .body = "slow down", .headers = {"Retry-After:  7 ", "X-Empty:"}});
    ClientFixture fixture;
    const OutboundResponse answer = fixture.send(get(server.url()));
    CHECK(answer.status == 429);
    CHECK(answer.body == "slow down");
    CHECK(answer.header("retry-after") == "7");
    CHECK(answer.header("x-empty") == "");
    CHECK_FALSE(answer.header("absent"));
    CHECK(fixture.ended("answered") == 1);
    CHECK(fixture.metrics.value("mxcd_outbound_request_duration_seconds") == 1);
}

TEST_CASE("a UNIX socket is reached") {
    const test::TempFolder folder;
    const std::string path = (folder.path() / "socket").string();
    StubServer server([](const StubRequest&) { return StubAnswer{.body = "unix"}; }, path);
    ClientFixture fixture;
    OutboundRequest request = get("http://service.invalid/");
    request.unix_socket = path;
    CHECK(fixture.send(request).body == "unix");
}

TEST_CASE("connections are kept and used again") {
    StubServer server(StubAnswer{});
    ClientFixture fixture;
    for (int i = 0; i < 5; ++i) fixture.send(get(server.url()));
    CHECK(server.request_count() == 5);
    CHECK(server.connection_count() == 1);
}

TEST_CASE("a kept connection that the other side has closed is replaced") {
    StubServer server(StubAnswer{.then_closes = true});
    ClientFixture fixture;
    for (int i = 0; i < 5; ++i) CHECK(fixture.send(get(server.url())).status == 200);
}

TEST_CASE("redirects are answers and are not followed") {
    StubServer server(StubAnswer{.status = 302, .headers = {"Location: /elsewhere"}});
    ClientFixture fixture;
    CHECK(fixture.send(get(server.url())).status == 302);
    CHECK(server.request_count() == 1);
}

TEST_CASE("a proxy in the environment is not used") {
    StubServer proxy(StubAnswer{.body = "proxy"});
    StubServer server(StubAnswer{.body = "server"});
    setenv("http_proxy", proxy.url().c_str(), 1);
    setenv("ALL_PROXY", proxy.url().c_str(), 1);
    ClientFixture fixture;
    CHECK(fixture.send(get(server.url())).body == "server");
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    CHECK(proxy.connection_count() == 0);
}

TEST_CASE("other protocols than HTTP are refused") {
    ClientFixture fixture;
    const auto* url =
        GENERATE("file:///etc/hostname", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "dict://127.0.0.1/");
    CHECK_THROWS_AS(fixture.send(get(url)), base::UpstreamError);
}

TEST_CASE("a request that could smuggle another one is not sent") {
    StubServer server(StubAnswer{});
    ClientFixture fixture;
    OutboundRequest request = get(server.url());
    SECTION("CR LF in a header") { request.headers = {"X: a\r\nY: b"}; }
    SECTION("NUL in a header") { request.headers = {std::string("X: a\0b", 6)}; }
    SECTION("a header without a name") { request.headers = {"no colon"}; }
    SECTION("LF in the content type") { request.content_type = "text/plain\nY: b"; }
    SECTION("a space in the URL") { request.url += "/a HTTP/1.1"; }
    SECTION("LF in the URL") { request.url += "/\n"; }
    SECTION("a space in the method") { request.method = "GET /"; }
    SECTION("no method") { request.method = ""; }
    CHECK_THROWS_AS(fixture.send(request), base::UpstreamError);
    CHECK(server.connection_count() == 0);
}

TEST_CASE("the public internet's guard lets nothing local through") {
    StubServer server(StubAnswer{});
    ClientFixture fixture;
    const std::string port = ":" + std::to_string(server.port()) + "/";
    const std::string host =
        GENERATE("127.0.0.1", "127.1", "0", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::1]",
                 "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]",
                 "169.254.169.254", "[fe80::1%25lo]");
    OutboundRequest request = get("http://" + host + port);
    request.reach = Reach::public_internet;
    request.deadline = std::chrono::milliseconds(3'000);
    CHECK(fixture.failure(request) == "the address is not on the public internet");
    CHECK(server.connection_count() == 0);
    CHECK(fixture.ended("blocked") == 1);
}

TEST_CASE("the guard also judges kept connections that another request opened") {
    StubServer server(StubAnswer{});
    ClientFixture fixture;
    fixture.send(get(server.url()));
    OutboundRequest request = get(server.url());
    request.reach = Reach::public_internet;
    CHECK(fixture.failure(request) == "the address is not on the public internet");
    CHECK(server.request_count() == 1);
}

TEST_CASE("a request to the public internet cannot name a UNIX socket") {
    ClientFixture fixture;
    OutboundRequest request = get("http://service.invalid/");
    request.unix_socket = "/nonexistent/socket";
    request.reach = Reach::public_internet;
    CHECK_THROWS_AS(fixture.send(request), base::UpstreamError);
}

}  // namespace mxcd::outbound
