#include "mxcd/base/clock.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"

#include <algorithm>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using mxcd::base::Clock;
using mxcd::base::make_system_clock;
using mxcd::base::make_window_clock;
using mxcd::base::TimePoint;
using mxcd::test::ManualClock;

namespace {

/// Uses the window clock every minute, as uploads do.
void pass(ManualClock& source, const Clock& window, std::chrono::minutes time) {
    for (std::chrono::minutes passed{0}; passed < time; ++passed) {
        source.advance(1min);
        static_cast<void>(window.now());
    }
}

}  // namespace

TEST_CASE("the system clock tells the wall time and the time since boot") {
    const auto clock = make_system_clock();
    const auto before = std::chrono::system_clock::now();
    const TimePoint now = clock->now();
    CHECK(now >= before - 1ms);
    CHECK(now <= std::chrono::system_clock::now());
    CHECK(clock->since_boot() > 0ms);
    CHECK(clock->since_boot() <= clock->since_boot());
}

TEST_CASE("the window clock follows the wall clock") {
    ManualClock source;
    const auto window = make_window_clock(source, TimePoint());
    CHECK(window->now() == source.now());
    source.advance(3h);
    CHECK(window->now() == source.now());
    CHECK(window->since_boot() == source.since_boot());
}

TEST_CASE("the window clock starts no earlier than the newest committed moment") {
    ManualClock source;
    const TimePoint committed = source.now() + 5min;
    const auto window = make_window_clock(source, committed);
    CHECK(window->now() == committed);
    source.advance(4min);
    CHECK(window->now() == committed);
    source.advance(2min);
    CHECK(window->now() == source.now());
}

TEST_CASE("the window clock stands still while the wall clock is behind") {
    ManualClock source;
    const auto window = make_window_clock(source, TimePoint());
    const TimePoint before = window->now();
    source.jump_wall(-2h);
    CHECK(window->now() == before);
    source.advance(5min);
    CHECK(window->now() == before);
    source.jump_wall(2h);
    CHECK(window->now() == before + 5min);
}

TEST_CASE("the wall clock may run a minute ahead of the time since boot, and no more") {
    ManualClock source;
    const auto window = make_window_clock(source, TimePoint());
    const TimePoint start = window->now();
    source.jump_wall(60s);
    CHECK(window->now() == start + 60s);
    source.jump_wall(1ms);
    CHECK(window->now() == start + 60s);
    source.advance(2min);
    CHECK(window->now() == start + 2min);
}

TEST_CASE("a jump ahead is believed after ten minutes without another one") {
    ManualClock source;
    const auto window = make_window_clock(source, TimePoint());
    const TimePoint start = window->now();
    source.jump_wall(24h);
    static_cast<void>(window->now());
    pass(source, *window, 9min);
    CHECK(window->now() == start + 9min);
    pass(source, *window, 1min);
    CHECK(window->now() == start + 24h + 10min);
}

TEST_CASE("another jump starts the ten minutes again") {
    ManualClock source;
    const auto window = make_window_clock(source, TimePoint());
    const TimePoint start = window->now();
    source.jump_wall(24h);
    static_cast<void>(window->now());
    pass(source, *window, 9min);
    source.jump_wall(24h);
    static_cast<void>(window->now());
    pass(source, *window, 9min);
    CHECK(window->now() == start + 18min);
    pass(source, *window, 1min);
    CHECK(window->now() == start + 48h + 19min);
}

TEST_CASE("a jump that is taken back leaves no trace") {
    ManualClock source;
    const auto window = make_window_clock(source, TimePoint());
    const TimePoint start = window->now();
    source.jump_wall(10 * 365 * 24h);
    source.advance(1min);
    CHECK(window->now() == start + 1min);
    source.jump_wall(-10 * 365 * 24h);
    source.advance(1min);
    CHECK(window->now() == start + 2min);
}

TEST_CASE("after a lasting step back, a jump of the same size is a jump") {
    ManualClock source;
    const auto window = make_window_clock(source, TimePoint());
    const TimePoint start = window->now();
    source.jump_wall(-2h);
    static_cast<void>(window->now());
    pass(source, *window, 150min);
    CHECK(window->now() == start + 30min);
    source.jump_wall(2h);
    CHECK(window->now() == start + 30min);
}

TEST_CASE("a suspended machine is no jump") {
    ManualClock source;
    const auto window = make_window_clock(source, TimePoint());
    source.advance(72h);
    CHECK(window->now() == source.now());
}

TEST_CASE("the window clock never goes back, whatever the wall clock does and whoever asks") {
    ManualClock source;
    const auto window = make_window_clock(source, TimePoint());
    std::vector<std::thread> threads;
    std::vector<int> steps_back(4, 0);
    for (int& count : steps_back) {
        threads.emplace_back([&window, &count] {
            TimePoint newest = window->now();
            for (int i = 0; i < 5000; ++i) {
                const TimePoint now = window->now();
                if (now < newest) ++count;
                newest = std::max(newest, now);
            }
        });
    }
    for (int i = 0; i < 5000; ++i) {
        source.advance(std::chrono::milliseconds(i % 1000));
        source.jump_wall(i % 2 == 0 ? 7 * 24h : -6 * 24h);
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(steps_back == std::vector<int>(4, 0));
}
