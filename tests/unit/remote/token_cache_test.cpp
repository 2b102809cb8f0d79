#include "support/manual_clock.hpp"
#include "unit/remote/remote_fixture.hpp"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace mxcd::remote {

namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr auto unknown = R"({"errcode":"M_UNKNOWN_TOKEN","error":"Unknown token"})";

struct CacheFixture : HomeserverFixture {
    explicit CacheFixture(const CacheConfig& cache_config = {}, milliseconds timeout = 10s)
        : HomeserverFixture(timeout),
          whoami(make_whoami_authenticator(config, *client)),
          watch(make_reachability_watch(*whoami, metrics)),
          cache(make_caching_authenticator(cache_config, *watch, clock, background, metrics)) {}
    ~CacheFixture() {
        background.cancel();
        CHECK(background.wait_until_empty(5s));
    }

    std::string ask(Credentials credentials = token("abc")) {
        return outcome_of(runner, *cache, std::move(credentials));
    }
    /// Asks, and lets what it begins in the background end.
    std::string ask_and_settle() {
        std::string outcome = ask();
        REQUIRE(background.wait_until_empty(10s));
        return outcome;
    }
    [[nodiscard]] std::size_t asked() const { return homeserver.request_count(); }

    test::ManualClock clock;
    async::TaskGroup background;
    std::unique_ptr<media::TokenAuthenticator> whoami;
    std::unique_ptr<ReachabilityWatch> watch;
    std::unique_ptr<media::TokenAuthenticator> cache;
};

async::Task<> count_success(media::TokenAuthenticator& cache, std::atomic<int>& ended,
                            std::atomic<int>& good) {
    try {
        const media::Identity identity = co_await cache.authenticate(token("abc"));
        if (identity.user.text() == "@alice:hs.test") ++good;
    } catch (const base::UpstreamError&) {
        --good;
    }
    ++ended;
}

/// Runs behind everything that was begun before it on the same thread.
async::Task<> fulfil(std::promise<void> promise) {
    promise.set_value();
    co_return;
}

/// Asks 50 times at once on so many threads, while the homeserver holds its answer back.
int good_of_fifty(CacheFixture& fixture, std::size_t threads) {
    std::atomic<int> ended = 0;
    std::atomic<int> good = 0;
    async::TaskGroup clients;
    fixture.more_threads.start();
    fixture.homeserver.hold();
    for (std::size_t i = 0; i < 50; ++i)
        clients.spawn(fixture.more_threads.executor(i % threads), count_success(*fixture.cache, ended, good));
    for (std::size_t i = 0; i < threads; ++i) {
        std::promise<void> reached;
        std::future<void> future = reached.get_future();
        clients.spawn(fixture.more_threads.executor(i), fulfil(std::move(reached)));
        future.get();
    }
    fixture.homeserver.release();
    CHECK(clients.wait_until_empty(20s));
    CHECK(ended == 50);
    CHECK(fixture.background.wait_until_empty(5s));
    return good;
}

}  // namespace

TEST_CASE("a known token is not asked about again") {
    CacheFixture fixture;
    for (int i = 0; i < 10; ++i) CHECK(fixture.ask() == "@alice:hs.test");
    CHECK(fixture.asked() == 1);
    CHECK(fixture.metrics.value("mxcd_token_cache_misses_total") == 1);
    CHECK(fixture.metrics.value("mxcd_token_cache_hits_total") == 9);
}

TEST_CASE("row 36: fifty first requests at once are one question") {
    CacheFixture fixture;
    CHECK(good_of_fifty(fixture, 3) == 50);
    CHECK(fixture.asked() == 1);
}

TEST_CASE("fifty first requests at once share one failure, which is not remembered") {
    CacheFixture fixture;
    fixture.homeserver.answer_with(refuses(500, "<html>"));
    // On one thread: ThreadSanitizer does not see how libstdc++ counts the users of an exception.
    CHECK(good_of_fifty(fixture, 1) == -50);
    CHECK(fixture.asked() == 1);
    fixture.homeserver.answer_with(StubAnswer{.body = R"({"user_id":"@alice:hs.test"})"});
    CHECK(fixture.ask() == "@alice:hs.test");
}

TEST_CASE("a question outlives the client who asked it first") {
    CacheFixture fixture;
    std::atomic<int> ended = 0;
    std::atomic<int> good = 0;
    fixture.homeserver.hold();
    async::TaskGroup leaving;
    leaving.spawn(fixture.runner.executor(), count_success(*fixture.cache, ended, good));
    REQUIRE(fixture.homeserver.wait_for_requests(1));
    fixture.runner.group().spawn(fixture.runner.executor(), count_success(*fixture.cache, ended, good));
    while (fixture.metrics.value("mxcd_token_cache_misses_total") < 2) std::this_thread::yield();
    leaving.cancel();
    fixture.homeserver.release();
    CHECK(leaving.wait_until_empty(5s));
    CHECK(fixture.background.wait_until_empty(5s));
    CHECK(fixture.ask() == "@alice:hs.test");
    CHECK(fixture.asked() == 1);
}

TEST_CASE("row 35: a revoked token ends with its time to live") {
    CacheFixture fixture({.ttl = 100s});
    fixture.ask();
    fixture.homeserver.answer_with(refuses(401, unknown));
    SECTION("when nobody used it in between") {
        fixture.clock.advance(100s);
        CHECK(fixture.ask() == "401 M_UNKNOWN_TOKEN");
    }
    SECTION("and one millisecond earlier it is still good") {
        fixture.clock.advance(100s - 1ms);
        CHECK(fixture.ask() == "@alice:hs.test");
    }
    SECTION("sooner when it is used after half of it") {
        fixture.clock.advance(50s);
        CHECK(fixture.ask_and_settle() == "@alice:hs.test");
        CHECK(fixture.ask() == "401 M_UNKNOWN_TOKEN");
    }
    SECTION("also when the wall clock jumps back") {
        fixture.clock.advance(100s);
        fixture.clock.jump_wall(-24h);
        CHECK(fixture.ask() == "401 M_UNKNOWN_TOKEN");
    }
}

TEST_CASE("time that the homeserver takes to answer counts against the time to live") {
    CacheFixture fixture({.ttl = 100s});
    fixture.homeserver.answer_with([&](const StubRequest&) {
        fixture.clock.advance(60s);
        return StubAnswer{.body = R"({"user_id":"@alice:hs.test"})"};
    });
    fixture.ask();
    fixture.clock.advance(40s);
    fixture.homeserver.answer_with(refuses(401, unknown));
    CHECK(fixture.ask() == "401 M_UNKNOWN_TOKEN");
}

TEST_CASE("a use after half of the time to live renews the entry once, in the background") {
    CacheFixture fixture({.ttl = 100s});
    fixture.ask();
    fixture.clock.advance(50s - 1ms);
    fixture.ask_and_settle();
    CHECK(fixture.asked() == 1);
    fixture.clock.advance(1ms);
    fixture.homeserver.hold();
    for (int i = 0; i < 5; ++i) CHECK(fixture.ask() == "@alice:hs.test");
    REQUIRE(fixture.homeserver.wait_for_requests(2));
    fixture.homeserver.release();
    REQUIRE(fixture.background.wait_until_empty(10s));
    CHECK(fixture.asked() == 2);
    fixture.clock.advance(99s);
    fixture.homeserver.stop();
    CHECK(fixture.ask() == "@alice:hs.test");
}

TEST_CASE("while the homeserver decides nothing, known tokens go on until their time ends") {
    CacheFixture fixture({.ttl = 100s}, 200ms);
    fixture.ask();
    bool is_down = true;
    SECTION("it is gone") { fixture.homeserver.stop(); }
    SECTION("it is slow") { fixture.homeserver.hold(); }
    SECTION("it fails") { fixture.homeserver.answer_with(refuses(503, "<html>")); }
    SECTION("it answers nonsense") { fixture.homeserver.answer_with(StubAnswer{.body = "[]"}); }
    SECTION("it has had enough") {
        fixture.homeserver.answer_with(refuses(429, "{}"));
        is_down = false;
    }
    fixture.clock.advance(60s);
    CHECK(fixture.ask_and_settle() == "@alice:hs.test");
    CHECK(fixture.watch->is_reachable() == !is_down);
    fixture.clock.advance(40s - 1ms);
    CHECK(fixture.ask_and_settle() == "@alice:hs.test");
    fixture.clock.advance(1ms);
    CHECK(fixture.ask() == (is_down ? "upstream" : "429 M_LIMIT_EXCEEDED"));
}

TEST_CASE("a renewal that decided nothing is tried again after a second") {
    CacheFixture fixture({.ttl = 100s});
    fixture.ask();
    fixture.homeserver.answer_with(refuses(503, "<html>"));
    fixture.clock.advance(50s);
    for (int i = 0; i < 5; ++i) fixture.ask_and_settle();
    CHECK(fixture.asked() == 2);
    fixture.clock.advance(1s);
    fixture.ask_and_settle();
    CHECK(fixture.asked() == 3);
}

TEST_CASE("a renewal that is refused for good ends the entry") {
    CacheFixture fixture({.ttl = 100s});
    fixture.ask();
    fixture.clock.advance(50s);
    SECTION("401") {
        fixture.homeserver.answer_with(refuses(401, unknown));
        fixture.ask_and_settle();
        fixture.homeserver.stop();
        CHECK(fixture.ask() == "401 M_UNKNOWN_TOKEN");
    }
    SECTION("403") {
        fixture.homeserver.answer_with(refuses(403, R"({"errcode":"M_USER_DEACTIVATED","error":"x"})"));
        fixture.ask_and_settle();
        CHECK(fixture.ask() == "403 M_USER_DEACTIVATED");
    }
}

TEST_CASE("a refusal is remembered for a short time, with all its words") {
    CacheFixture fixture({.negative_ttl = 2s});
    fixture.homeserver.answer_with(
        refuses(401, R"({"errcode":"M_UNKNOWN_TOKEN","error":"Gone","soft_logout":true})"));
    for (int i = 0; i < 3; ++i) {
        const matrix::Error error = refusal_of(fixture.runner, *fixture.cache, token("abc"));
        CHECK(error.status() == 401);
        CHECK(std::string(error.what()) == "Gone");
        CHECK(error.extra().at("soft_logout") == true);
    }
    CHECK(fixture.asked() == 1);
    fixture.homeserver.answer_with(StubAnswer{.body = R"({"user_id":"@alice:hs.test"})"});
    fixture.clock.advance(2s - 1ms);
    CHECK(fixture.ask() == "401 M_UNKNOWN_TOKEN");
    fixture.clock.advance(1ms);
    CHECK(fixture.ask() == "@alice:hs.test");
}

TEST_CASE("other failures than a 401 are not remembered") {
    CacheFixture fixture({}, 200ms);
    using Row = std::tuple<int, const char*, const char*>;
    const auto [status, body, expected] = GENERATE(table<int, const char*, const char*>({
        Row{500, "<html>", "upstream"},
        Row{200, "[]", "upstream"},
        Row{429, "{}", "429 M_LIMIT_EXCEEDED"},
        Row{403, R"({"errcode":"M_FORBIDDEN","error":"x"})", "403 M_FORBIDDEN"},
        Row{400, R"({"errcode":"M_UNKNOWN_DEVICE","error":"x"})", "400 M_UNKNOWN_DEVICE"},
    }));
    fixture.homeserver.answer_with(refuses(status, body));
    CHECK(fixture.ask() == expected);
    fixture.homeserver.answer_with(StubAnswer{.body = R"({"user_id":"@alice:hs.test"})"});
    CHECK(fixture.ask() == "@alice:hs.test");
}

TEST_CASE("row 34: who acts for whom is part of what is remembered") {
    CacheFixture fixture;
    fixture.homeserver.answer_with([](const StubRequest& request) {
        if (request.target.find("alice") != std::string::npos)
            return refuses(403, R"({"errcode":"M_FORBIDDEN","error":"outside the namespace"})");
        if (request.target.find("NOPE") != std::string::npos)
            return refuses(400, R"({"errcode":"M_UNKNOWN_DEVICE","error":"x"})");
        return StubAnswer{.body = R"({"user_id":"@_irc_a:hs.test"})"};
    });
    CHECK(fixture.ask(acting("as", "@_irc_a:hs.test")) == "@_irc_a:hs.test");
    CHECK(fixture.ask(acting("as", "@alice:hs.test")) == "403 M_FORBIDDEN");
    CHECK(fixture.ask(acting("as", "@_irc_a:hs.test", "NOPE")) == "400 M_UNKNOWN_DEVICE");
    CHECK(fixture.ask(acting("as", "@_irc_a:hs.test")) == "@_irc_a:hs.test");
    CHECK(fixture.asked() == 3);
}

TEST_CASE("credentials that differ in any way are asked about apart") {
    CacheFixture fixture;
    const std::vector<Credentials> different = {acting("ab", std::nullopt),  acting("ab", ""),
                                                acting("ab", "c"),           acting("a", "bc"),
                                                acting("abc", std::nullopt), acting("ab", "", "c"),
                                                acting("ab", "c", ""),       acting("ab", std::nullopt, "c")};
    for (const Credentials& credentials : different) fixture.ask(credentials);
    CHECK(fixture.asked() == different.size());
    for (const Credentials& credentials : different) fixture.ask(credentials);
    CHECK(fixture.asked() == different.size());
}

TEST_CASE("credentials that imitate the cache's own separators are asked about apart") {
    CacheFixture fixture;
    const std::string separator = "\x01" + std::string(15, '\0');
    fixture.ask(acting("as", "u" + separator + "v", "w"));
    fixture.ask(acting("as", "u", "v" + separator + "w"));
    CHECK(fixture.asked() == 2);
}

TEST_CASE("where a client comes from is not part of what is remembered") {
    CacheFixture fixture;
    Credentials credentials = token("abc");
    for (const char* address : {"192.0.2.1", "192.0.2.2", ""}) {
        credentials.client_address = address;
        fixture.ask(credentials);
    }
    CHECK(fixture.asked() == 1);
}

TEST_CASE("the least recently used entry makes room") {
    CacheFixture fixture({.max_entries = 3});
    for (const char* text : {"a", "b", "c", "a", "d"}) fixture.ask(token(text));
    CHECK(fixture.asked() == 4);
    for (const char* text : {"a", "c", "d"}) fixture.ask(token(text));
    CHECK(fixture.asked() == 4);
    fixture.ask(token("b"));
    CHECK(fixture.asked() == 5);
}

TEST_CASE("a flood of unknown tokens pushes no known one out, and is bounded itself") {
    CacheFixture fixture({.max_entries = 16});
    fixture.ask();
    fixture.homeserver.answer_with(refuses(401, unknown));
    for (int i = 0; i < 40; ++i) fixture.ask(token("made-up-" + std::to_string(i)));
    CHECK(fixture.asked() == 41);
    CHECK(fixture.ask() == "@alice:hs.test");
    fixture.ask(token("made-up-39"));
    CHECK(fixture.asked() == 41);
    fixture.ask(token("made-up-0"));
    CHECK(fixture.asked() == 42);
}

namespace {

/// Knows every token for a given time.
class ShortLived final : public media::TokenAuthenticator {
  public:
    explicit ShortLived(std::chrono::seconds valid_for) : valid_for_(valid_for) {}
    async::Task<media::Identity> authenticate(Credentials /*credentials*/) override {
        ++asked;
        co_return media::Identity{.user = user("@alice:hs.test"), .valid_for = valid_for_};
    }
    std::atomic<int> asked = 0;

  private:
    std::chrono::seconds valid_for_;
};

}  // namespace

TEST_CASE("an answer is not remembered longer than it is valid") {
    using Row = std::tuple<std::chrono::seconds, milliseconds>;
    const auto [valid_for, lives] = GENERATE(table<std::chrono::seconds, milliseconds>({
        Row{30s, 30s},
        Row{200s, 100s},
        Row{std::chrono::seconds::max(), 100s},
        Row{0s, 0s},
        Row{-5s, 0s},
    }));
    ShortLived source(valid_for);
    test::ManualClock clock;
    test::MemoryMetrics metrics;
    async::TaskGroup background;
    const auto cache = make_caching_authenticator({.ttl = 100s}, source, clock, background, metrics);
    test::TaskRunner runner;
    outcome_of(runner, *cache, token("abc"));
    if (lives > 0ms) {
        clock.advance(lives - 1ms);
        outcome_of(runner, *cache, token("abc"));
        CHECK(metrics.value("mxcd_token_cache_hits_total") == 1);
        clock.advance(1ms);
    }
    CHECK(background.wait_until_empty(5s));
    if (lives == 0ms) {
        outcome_of(runner, *cache, token("abc"));
        CHECK(metrics.value("mxcd_token_cache_hits_total") == 0);
        CHECK(source.asked == 2);
    }
    CHECK(background.wait_until_empty(5s));
}

TEST_CASE("when the service stops, whoever waits for an answer is released") {
    CacheFixture fixture;
    std::atomic<int> ended = 0;
    std::atomic<int> good = 0;
    fixture.homeserver.hold();
    fixture.runner.group().spawn(fixture.runner.executor(), count_success(*fixture.cache, ended, good));
    REQUIRE(fixture.homeserver.wait_for_requests(1));
    fixture.background.cancel();
    fixture.runner.group().cancel();
    CHECK(fixture.background.wait_until_empty(5s));
    CHECK(fixture.runner.group().wait_until_empty(5s));
    CHECK(good == 0);
}

}  // namespace mxcd::remote
