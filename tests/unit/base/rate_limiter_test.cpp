#include "mxcd/base/rate_limiter.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"

#include <thread>
#include <vector>

namespace mxcd::base {

namespace {

using namespace std::chrono_literals;

/// How many of `tries` in a row are let through.
int let_through(RateLimiter& limiter, const std::string& key, const RateLimit& limit, int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i)
        if (!limiter.spend(key, limit)) ++count;
    return count;
}

}  // namespace

TEST_CASE("a rate limiter lets a whole burst through, and then says how long one has to wait") {
    test::ManualClock clock;
    RateLimiter limiter(clock);
    const RateLimit limit{0.5, 3};
    CHECK(let_through(limiter, "alice", limit, 3) == 3);
    CHECK(limiter.spend("alice", limit) == 2000ms);
    clock.advance(1999ms);
    CHECK(limiter.spend("alice", limit) == 1ms);
    clock.advance(1ms);
    CHECK(limiter.spend("alice", limit) == std::nullopt);
    CHECK(limiter.spend("alice", limit) == 2000ms);
}

TEST_CASE("what a rate limiter refuses costs nothing, and asking costs nothing either") {
    test::ManualClock clock;
    RateLimiter limiter(clock);
    const RateLimit limit{1, 1};
    CHECK_FALSE(limiter.wait_of("alice", limit));
    CHECK_FALSE(limiter.spend("alice", limit));
    CHECK(let_through(limiter, "alice", limit, 1000) == 0);
    CHECK(limiter.wait_of("alice", limit) == 1000ms);
    clock.advance(1s);
    CHECK_FALSE(limiter.wait_of("alice", limit));
    CHECK_FALSE(limiter.spend("alice", limit));
}

TEST_CASE("a bucket fills up to the burst and no further, and each key has its own") {
    test::ManualClock clock;
    RateLimiter limiter(clock);
    const RateLimit limit{10, 2};
    CHECK(let_through(limiter, "alice", limit, 5) == 2);
    CHECK(let_through(limiter, "bob", limit, 5) == 2);
    clock.advance(24h);
    CHECK(let_through(limiter, "alice", limit, 5) == 2);
}

TEST_CASE("in the long run as many are let through as the rate says") {
    test::ManualClock clock;
    RateLimiter limiter(clock);
    const RateLimit limit{3, 5};
    int count = 0;
    for (int tick = 0; tick < 10'000; ++tick) {
        count += let_through(limiter, "alice", limit, 2);
        clock.advance(10ms);
    }
    CHECK(count >= 5 + 299);
    CHECK(count <= 5 + 300);
}

TEST_CASE("a jump of the wall clock neither fills nor empties a bucket") {
    test::ManualClock clock;
    RateLimiter limiter(clock);
    const RateLimit limit{1, 1};
    CHECK_FALSE(limiter.spend("alice", limit));
    clock.jump_wall(24h);
    CHECK(limiter.spend("alice", limit) == 1000ms);
    clock.jump_wall(-48h);
    clock.advance(1s);
    CHECK_FALSE(limiter.spend("alice", limit));
}

TEST_CASE("a new limit counts what was done under the old one") {
    test::ManualClock clock;
    RateLimiter limiter(clock);
    CHECK(let_through(limiter, "alice", {1, 10}, 10) == 10);
    CHECK(limiter.spend("alice", {1, 5}) == 6000ms);
    CHECK_FALSE(limiter.spend("alice", {1, 11}));
}

TEST_CASE("a rate limiter remembers no more keys than it may, the latest ones") {
    test::ManualClock clock;
    RateLimiter limiter(clock, 2);
    const RateLimit limit{1, 1};
    CHECK_FALSE(limiter.spend("alice", limit));
    CHECK_FALSE(limiter.spend("bob", limit));
    CHECK(limiter.spend("alice", limit));
    CHECK_FALSE(limiter.spend("carol", limit));
    CHECK(limiter.spend("alice", limit));
    CHECK_FALSE(limiter.spend("bob", limit));
}

TEST_CASE("the slowest and the fastest rate give waits that make sense") {
    test::ManualClock clock;
    RateLimiter limiter(clock);
    CHECK_FALSE(limiter.spend("slow", {1e-300, 1}));
    CHECK(limiter.spend("slow", {1e-300, 1}) == std::chrono::hours(365 * 24));
    CHECK_FALSE(limiter.spend("fast", {1e300, 1}));
    CHECK(limiter.spend("fast", {1e300, 1}) == 1ms);
}

TEST_CASE("many threads at once get one burst together") {
    test::ManualClock clock;
    RateLimiter limiter(clock);
    std::atomic<int> count = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] { count += let_through(limiter, "alice", {1, 100}, 50); });
    threads.clear();
    CHECK(count == 100);
}

}  // namespace mxcd::base
