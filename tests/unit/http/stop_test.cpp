#include "support/catch.hpp"
#include "unit/http/door.hpp"

#include <atomic>
#include <future>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

const std::string unfinished = "POST /running HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha";
const std::string waiting = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("a handler hears that its client has hung up") {
    std::atomic<int> hung_up = 0;  // above the door, whose handlers still hear of it
    Door door;
    door.desk().call = [&hung_up] { ++hung_up; };
    Client stays(door.port());
    stays.send(waiting);
    Client says_more(door.port());
    says_more.send(waiting + waiting);
    {
        Client leaves(door.port());
        leaves.send(waiting);
    }
    CHECK(eventually([&hung_up] { return hung_up == 1; }));
    Client another(door.port());
    CHECK(is_served(another));
    CHECK(hung_up == 1);
}

TEST_CASE("a stop closes idle connections, lets running requests finish, and drains") {
    Door door({}, 2);
    Client idle(door.port());
    idle.send(plain_get);
    REQUIRE(idle.read_answer());
    Client running(door.port());
    running.send(plain_get);
    REQUIRE(running.read_answer());
    running.send(unfinished);
    CHECK(running.is_silent_for(100ms));
    door.server().stop_accepting();
    CHECK(idle.is_closed_within(5s));
    CHECK(running.is_silent_for(100ms));
    running.send("lf");
    const std::optional<Answer> answer = running.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(header_value(*answer, "Connection") == "close");
    CHECK(running.is_closed_within(5s));
    CHECK(door.server().drain(5s));
    CHECK_THROWS(Client(door.port()));
}

TEST_CASE("connections that wait in the queue at a stop are still served") {
    std::promise<void> entered;
    std::promise<void> released;
    Door door;
    door.desk().call = [&] {
        entered.set_value();
        released.get_future().wait();
    };
    // The only io thread is busy, so nobody is accepted before the stop.
    Client busy(door.port());
    busy.send("GET /call HTTP/1.1\r\nHost: a\r\n\r\n");
    entered.get_future().wait();
    std::vector<std::unique_ptr<Client>> queued;
    for (int i = 0; i < 20; ++i) {
        queued.push_back(std::make_unique<Client>(door.port()));
        queued.back()->send(plain_get);
    }
    door.server().stop_accepting();
    released.set_value();
    CHECK(busy.read_answer());
    int served = 0;
    for (const std::unique_ptr<Client>& client : queued)
        if (client->read_answer()) ++served;
    CHECK(served == 20);
    busy.finish_sending();
    queued.clear();
    CHECK(door.server().drain(5s));
    CHECK(door.server().is_drained());
}

TEST_CASE("a drain that takes too long cancels what is left") {
    Door door;
    Client running(door.port());
    running.send(unfinished);
    CHECK(running.is_silent_for(100ms));
    door.server().stop_accepting();
    CHECK_FALSE(door.server().drain(100ms));
    CHECK(running.is_closed_within(5s));
}

TEST_CASE("insisting ends a drain at once") {
    Door door;
    Client running(door.port());
    running.send(unfinished);
    CHECK(running.is_silent_for(100ms));
    door.server().stop_accepting();
    const auto began = std::chrono::steady_clock::now();
    std::thread impatient([&] { door.server().insist(); });
    CHECK_FALSE(door.server().drain(30s));
    impatient.join();
    CHECK(std::chrono::steady_clock::now() - began < 10s);
}

TEST_CASE("a reload changes timeouts for connections to come") {
    Door door;
    http::ServerConfig config;
    config.idle_timeout = 100ms;
    door.server().reconfigure(config);
    CHECK(eventually([&] { return Client(door.port()).is_closed_within(400ms); }));
}
