#include "unit/outbound/client_fixture.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <future>
#include <vector>

namespace mxcd::outbound {

using test::StubAnswer;
using test::StubServer;

namespace {

/// Tells how a request ended, from the io thread to the test's.
async::Task<> report(Client& client, OutboundRequest request, std::promise<std::string> promise) {
    std::string end = "answered";
    try {
        const OutboundResponse answer = co_await client.send(std::move(request));
        static_cast<void>(answer);
    } catch (const base::UpstreamError& error) {
        end = error.what();
    } catch (const base::Overloaded&) {
        end = "overloaded";
    } catch (const boost::system::system_error& error) {
        end = error.code() == boost::asio::error::operation_aborted ? "cancelled" : "unexpected";
    }
    promise.set_value(end);
}

std::future<std::string> begin(ClientFixture& fixture, async::TaskGroup& group, OutboundRequest request) {
    std::promise<std::string> promise;
    std::future<std::string> future = promise.get_future();
    group.spawn(fixture.runner.executor(), report(*fixture.client, std::move(request), std::move(promise)));
    return future;
}

std::string end_of(std::future<std::string>& future) {
    if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return "still waiting";
    return future.get();
}

/// Runs behind everything that was begun before it on the same thread.
async::Task<> pass() { co_return; }

constexpr auto ok_head = "HTTP/1.1 200 OK\r\n";

}  // namespace

TEST_CASE("nobody listens: the answer is an upstream error") {
    std::string url;
    {
        const StubServer gone(StubAnswer{});
        url = gone.url();
    }
    ClientFixture fixture;
    CHECK_THROWS_AS(fixture.send(get(url)), base::UpstreamError);
    CHECK(fixture.ended("unreachable") == 1);
}

TEST_CASE("a name that does not resolve is an upstream error") {
    ClientFixture fixture;
    CHECK_THROWS_AS(fixture.send(get("http://nothing.invalid/")), base::UpstreamError);
}

TEST_CASE("an answer at the size limit arrives, and one byte more is too long") {
    StubServer server(StubAnswer{.body = std::string(1000, 'x')});
    ClientFixture fixture;
    OutboundRequest request = get(server.url());
    request.max_response_bytes = 1000;
    CHECK(fixture.send(request).body.size() == 1000);
    request.max_response_bytes = 999;
    CHECK(fixture.failure(request) == "the answer is too long");
    CHECK(fixture.ended("too_long") == 1);
}

TEST_CASE("endless answers end at their limit") {
    StubAnswer answer;
    SECTION("a body without a length") {
        answer = {.raw = std::string(ok_head) + "\r\n" + std::string(9'000, 'x')};
    }
    SECTION("headers") {
        answer = {.raw = std::string(ok_head) + "X-Padding: " + std::string(9'000, 'x') + "\r\n"};
    }
    SECTION("interim answers") { answer = {.raw = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"}; }
    SECTION("chunks") {
        answer = {.raw = std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n2328\r\n" +
                         std::string(9'000, 'x')};
    }
    answer.repeats_forever = true;
    StubServer server(answer);
    ClientFixture fixture;
    CHECK_THROWS_AS(fixture.send(get(server.url())), base::UpstreamError);
    CHECK(fixture.ended("timed_out") == 0);
}

TEST_CASE("an answer that is not complete in time is an upstream error") {
    StubAnswer answer;
    SECTION("nothing arrives") { answer = {.delay = std::chrono::minutes(1)}; }
    SECTION("half a header arrives") { answer = {.raw = "HTTP/1.1 20", .then_silent = true}; }
    SECTION("half a body arrives") {
        answer = {.raw = std::string(ok_head) + "Content-Length: 100\r\n\r\nhalf", .then_silent = true};
    }
    StubServer server(answer);
    ClientFixture fixture;
    OutboundRequest request = get(server.url());
    request.deadline = std::chrono::milliseconds(200);
    const auto before = std::chrono::steady_clock::now();
    CHECK(fixture.failure(request) == "no complete answer in time");
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
    CHECK(fixture.ended("timed_out") == 1);
}

TEST_CASE("garbage is an upstream error") {
    StubAnswer answer;
    SECTION("no HTTP") { answer = {.raw = "SSH-2.0-OpenSSH_9.2\r\n", .then_closes = true}; }
    SECTION("HTTP/0.9") { answer = {.raw = "<html>hello</html>", .then_closes = true}; }
    SECTION("nothing at all") { answer = {.raw = "\r\n", .then_closes = true}; }
    SECTION("less than was announced") {
        answer = {.raw = std::string(ok_head) + "Content-Length: 100\r\n\r\nshort", .then_closes = true};
    }
    SECTION("broken chunks") {
        answer = {.raw = std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                  .then_closes = true};
    }
    SECTION("a chunked body without its end") {
        answer = {.raw = std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
                  .then_closes = true};
    }
    SECTION("a coding that nobody asked for") { answer = {.headers = {"Content-Encoding: gzip"}}; }
    StubServer server(answer);
    ClientFixture fixture;
    CHECK_THROWS_AS(fixture.send(get(server.url())), base::UpstreamError);
    CHECK(fixture.ended("answered") == 0);
}

TEST_CASE("headers of interim answers and trailers are not headers") {
    StubServer server(StubAnswer{
        .raw = "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\n"
               "X-Final: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Late: 3\r\n\r\n"});
    ClientFixture fixture;
    const OutboundResponse answer = fixture.send(get(server.url()));
    CHECK(answer.body == "ab");
    CHECK(answer.header("x-final") == "2");
    CHECK_FALSE(answer.header("x-early"));
    CHECK_FALSE(answer.header("x-late"));
}

TEST_CASE("requests beyond the limit in flight are refused at once, and room comes back") {
    StubServer server(StubAnswer{});
    server.hold();
    ClientFixture fixture(ClientConfig{.max_in_flight = 2});
    std::future<std::string> first = begin(fixture, fixture.runner.group(), get(server.url()));
    std::future<std::string> second = begin(fixture, fixture.runner.group(), get(server.url()));
    REQUIRE(server.wait_for_requests(2));
    CHECK_THROWS_AS(fixture.send(get(server.url())), base::Overloaded);
    CHECK(fixture.ended("overloaded") == 1);
    server.release();
    CHECK(end_of(first) == "answered");
    CHECK(end_of(second) == "answered");
    CHECK(fixture.send(get(server.url())).status == 200);
}

TEST_CASE("the deadline runs while a request waits for one of its host's connections") {
    StubServer server(StubAnswer{});
    server.hold();
    ClientFixture fixture(ClientConfig{.max_connections_per_host = 1});
    std::future<std::string> first = begin(fixture, fixture.runner.group(), get(server.url()));
    REQUIRE(server.wait_for_requests(1));
    OutboundRequest request = get(server.url());
    request.deadline = std::chrono::milliseconds(200);
    CHECK(fixture.failure(request) == "no complete answer in time");
    server.release();
    CHECK(end_of(first) == "answered");
    CHECK(server.connection_count() == 1);
}

TEST_CASE("many requests at once are all answered, through a bounded number of connections") {
    StubServer server(StubAnswer{});
    ClientFixture fixture(ClientConfig{.max_connections_per_host = 4});
    std::vector<std::future<std::string>> ends;
    for (int i = 0; i < 200; ++i) ends.push_back(begin(fixture, fixture.runner.group(), get(server.url())));
    for (std::future<std::string>& end : ends) REQUIRE(end_of(end) == "answered");
    CHECK(server.connection_count() <= 4);
}

TEST_CASE("the client's end ends every request with an upstream error") {
    StubServer server(StubAnswer{});
    server.hold();
    ClientFixture fixture(ClientConfig{.max_connections_per_host = 1});
    std::future<std::string> running = begin(fixture, fixture.runner.group(), get(server.url()));
    std::future<std::string> queued = begin(fixture, fixture.runner.group(), get(server.url()));
    REQUIRE(server.wait_for_requests(1));
    fixture.runner.run(pass());
    fixture.client.reset();
    CHECK(end_of(running) == "outbound requests have ended");
    CHECK(end_of(queued) == "outbound requests have ended");
}

TEST_CASE("cancelling a task ends its request") {
    StubServer server(StubAnswer{});
    server.hold();
    ClientFixture fixture;
    async::TaskGroup group;
    std::future<std::string> end = begin(fixture, group, get(server.url()));
    REQUIRE(server.wait_for_requests(1));
    group.cancel();
    CHECK(end_of(end) == "cancelled");
    CHECK(group.wait_until_empty(std::chrono::seconds(5)));
    CHECK(fixture.ended("aborted") == 1);
}

}  // namespace mxcd::outbound
