
#include "http/pace.hpp"
#include "support/catch.hpp"
#include "support/sanitizers.hpp"
#include "unit/http/door.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <fstream>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (int fd = 0; fd < 1024; ++fd)
        if (fcntl(fd, F_GETFD) != -1) ++count;
    return count;
}

}  // namespace

TEST_CASE("a header that does not get done in time is answered 408, however it trickles") {
    http::ServerConfig config;
    config.header_timeout = 200ms;
    Door door(config);
    Client silent(door.port());
    silent.send("GET / HTTP/1.1\r\nX-");
    Client dripping(door.port());
    std::thread dripper([&] {
        for (int i = 0; i < 1000 && dripping.send("X"); ++i)
            if (!dripping.is_silent_for(5ms)) break;
    });
    const std::optional<Answer> first = silent.read_answer();
    dripper.join();
    const std::optional<Answer> second = dripping.read_answer();
    REQUIRE(first);
    CHECK(first->status == 408);
    REQUIRE(second);
    CHECK(second->status == 408);
}

TEST_CASE("a connection without a request ends after the idle time") {
    http::ServerConfig config;
    config.idle_timeout = 100ms;
    Door door(config);
    Client fresh(door.port());
    Client used(door.port());
    CHECK(is_served(used));
    CHECK(fresh.is_closed_within(5s));
    CHECK(used.is_closed_within(5s));
}

TEST_CASE("a body that stops coming is given up") {
    http::ServerConfig config;
    config.body_idle_timeout = 200ms;
    Door door(config);
    Client client(door.port());
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome");
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 408);
}

TEST_CASE("a body that comes slowly below the low-water mark is progress") {
    http::ServerConfig config;
    config.body_idle_timeout = 400ms;
    Door door(config);
    Client client(door.port());
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n");
    for (int i = 0; i < 20; ++i) {
        CHECK(client.is_silent_for(50ms));  // one second in all
        client.send("x");
    }
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 200);
}

TEST_CASE("a client that does not read its answer is given up") {
    http::ServerConfig config;
    config.body_idle_timeout = 200ms;
    Door door(config);
    door.desk().memory = std::make_shared<const std::string>(std::string(32 * 1024 * 1024, 'x'));
    Client client(door.port());
    client.set_receive_buffer(4096);
    client.send("GET /memory HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(eventually([&] { return door.desk().seen().size() == 1; }));
    // A drain that had to cancel nothing found the session ended by itself.
    door.server().stop_accepting();
    CHECK(door.server().drain(5s));
}

TEST_CASE("a body that never stops coming but is slower than the minimum rate is given up") {
    http::ServerConfig config;
    config.minimum_rate = base::ByteCount(10'000);
    config.rate_grace = 200ms;
    config.rate_window = 200ms;
    Door door(config);
    Client client(door.port());
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    int sent = 0;
    while (sent < 1000 && client.is_silent_for(10ms) && client.send("x")) ++sent;
    CHECK(sent < 1000);  // within 10 s
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 408);
}

TEST_CASE("a body that keeps to the minimum rate is taken, however long it takes") {
    http::ServerConfig config;
    config.minimum_rate = base::ByteCount(100);
    config.rate_grace = 200ms;
    config.rate_window = 200ms;
    Door door(config);
    Client client(door.port());
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n");
    for (int i = 0; i < 300; ++i) {
        CHECK(client.is_silent_for(10ms));  // three seconds in all
        client.send("0123456789");
    }
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 200);
}

TEST_CASE("a client that reads its answer slower than the minimum rate is given up") {
    http::ServerConfig config;
    config.minimum_rate = base::ByteCount(10'000'000);
    config.rate_grace = 200ms;
    config.rate_window = 200ms;
    Door door(config);
    door.desk().memory = std::make_shared<const std::string>(std::string(32 * 1024 * 1024, 'x'));
    Client client(door.port());
    client.set_receive_buffer(4096);
    client.send("GET /memory HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(eventually([&] { return door.desk().seen().size() == 1; }));
    // Some bytes are read all the time: what ends it is the rate, not silence.
    std::atomic<bool> is_over = false;
    std::thread reader([&] {
        char piece[1000];
        while (!is_over && recv(client.fd(), piece, sizeof(piece), 0) > 0) poll(nullptr, 0, 10);
    });
    // A drain that had to cancel nothing found the session ended by itself.
    door.server().stop_accepting();
    CHECK(door.server().drain(10s));
    is_over = true;
    reader.join();
}

TEST_CASE("pace: silence and too low a rate end a wait, time of our own does not count") {
    using namespace std::chrono;
    const http::PaceLimits limits{
        .idle = 30s, .minimum_rate = base::ByteCount(1000), .grace = 30s, .window = 20s};
    http::Moment now{};
    http::Pace pace(limits);
    pace.begin_wait(now, 0);
    SECTION("silence") {
        CHECK(pace.look(now + 29s, 0));
        CHECK_FALSE(pace.look(now + 30s, 0));
    }
    SECTION("a byte now and then is not enough after the grace") {
        std::int64_t moved = 0;
        int alive = 0;
        while (pace.look(now += 1s, moved += 900)) ++alive;
        CHECK(alive == 49);  // 30 s of grace and one window of 20 s
    }
    SECTION("the minimum rate is enough") {
        std::int64_t moved = 0;
        for (int second = 0; second < 500; ++second) CHECK(pace.look(now += 1s, moved += 1000));
    }
    SECTION("between two waits the clock stands") {
        pace.end_wait(now + 20s);
        pace.begin_wait(now + 500s, 0);
        CHECK(pace.look(now + 509s, 0));
        CHECK_FALSE(pace.look(now + 510s, 0));
    }
}

TEST_CASE("at the cap the longest idle connection makes room") {
    http::ServerConfig config;
    config.max_connections = 16;
    Door door(config);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 16; ++i) {
        clients.push_back(std::make_unique<Client>(door.port()));
        CHECK(is_served(*clients.back()));
    }
    Client one_more(door.port());
    CHECK(is_served(one_more));
    CHECK(clients.front()->is_closed_within(5s));
    CHECK(is_served(*clients.back()));
}

TEST_CASE("at the cap with only busy connections a new one waits its turn") {
    http::ServerConfig config;
    config.max_connections = 16;
    Door door(config);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 16; ++i) {
        clients.push_back(std::make_unique<Client>(door.port()));
        CHECK(is_served(*clients.back()));
        clients.back()->send("POST /busy HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    }
    Client waiting(door.port());
    waiting.send(plain_get);
    CHECK(waiting.is_silent_for(300ms));
    clients.front()->send("x");
    CHECK(waiting.read_answer());
}

TEST_CASE("a connection serves 10,000 requests, then it closes") {
    Door door;
    Client client(door.port());
    std::string batch;
    for (int i = 0; i < 100; ++i) batch += plain_get;
    for (int i = 0; i < 100; ++i) {
        client.send(batch);
        for (int k = 0; k < 100; ++k) {
            const std::optional<Answer> answer = client.read_answer();
            REQUIRE(answer);
            const bool is_last = i == 99 && k == 99;
            if (header_value(*answer, "Connection") != (is_last ? "close" : ""))
                FAIL("request " << i * 100 + k);
        }
    }
    CHECK(client.is_closed_within(5s));
}

namespace {

/// In a process of its own: uses up all descriptors while clients connect, then frees them. 0 when the server
/// serves everybody afterwards.
int survive_exhaustion() {
    const rlimit few{.rlim_cur = 128, .rlim_max = 128};
    if (setrlimit(RLIMIT_NOFILE, &few) != 0) return 2;
    http::ServerConfig config;
    config.max_connections = 1000;
    Door door(config);
    Client client(door.port());
    if (!is_served(client)) return 3;
    Client waiting(door.port());
    if (!is_served(waiting)) return 4;
    const base::UniqueFd late(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    std::vector<base::UniqueFd> hoard;
    for (base::UniqueFd fd(dup(0)); fd; fd.reset(dup(0))) hoard.push_back(std::move(fd));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(door.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(late.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return 5;
    if (!client.is_silent_for(300ms) || !is_served(client)) return 6;  // goes on with those it has
    hoard.clear();
    if (::send(late.get(), plain_get.data(), plain_get.size(), MSG_NOSIGNAL) < 0) return 7;
    pollfd wait{.fd = late.get(), .events = POLLIN, .revents = 0};
    return poll(&wait, 1, 5000) == 1 ? 0 : 8;
}

}  // namespace

TEST_CASE("running out of descriptors is survived") {
    if (is_type_checking) {
        WARN("skipped: the undefined-behaviour sanitizer needs descriptors");
        return;
    }
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(survive_exhaustion());
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("no descriptor is left behind") {
    const std::size_t before = open_descriptors();
    {
        Door door({}, 2);
        for (int i = 0; i < 50; ++i) {
            Client client(door.port());
            CHECK(is_served(client));
        }
    }
    CHECK(open_descriptors() == before);
}
