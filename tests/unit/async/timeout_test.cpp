#include "mxcd/async/timeout.hpp"

#include "support/catch.hpp"
#include "support/run_task.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>

using namespace mxcd::async;
using namespace std::chrono_literals;
using mxcd::test::TaskRunner;

namespace {

using Kept = std::optional<Resume<std::string>>;

Task<std::string> answer_at_once(std::string text) { co_return text; }

Task<> refuse() {
    throw std::runtime_error("refused");
    co_return;
}

struct SlowWork {
    Kept resume;
    std::atomic<bool> was_finished = false;
};

/// Waits, deaf to cancellation, until the test answers.
Task<std::string> answer_late(std::shared_ptr<SlowWork> work) {
    std::string text =
        co_await suspend<std::string>([work](Resume<std::string> resume) { work->resume = resume; });
    work->was_finished = true;
    co_return text;
}

Task<> fail_late(std::shared_ptr<SlowWork> work) {
    const std::string text = co_await answer_late(std::move(work));
    throw std::runtime_error(text);
}

Task<> answer_after(std::shared_ptr<SlowWork> work, std::chrono::milliseconds wait) {
    const Executor home = co_await asio::this_coro::executor;
    Timer timer(home, wait);
    co_await timer.async_wait(use_task);
    while (!work->resume) {
        timer.expires_after(1ms);
        co_await timer.async_wait(use_task);
    }
    work->resume->with("just in time, or not");
}

Task<bool> ends_in_time(TaskGroup& group, std::shared_ptr<SlowWork> work, std::chrono::milliseconds limit) {
    bool is_in_time = true;
    try {
        const std::string text = co_await with_deadline(group, answer_late(std::move(work)), limit);
    } catch (const TimedOut&) {
        is_in_time = false;
    }
    co_return is_in_time;
}

Task<bool> is_home_after(TaskGroup& group, std::chrono::milliseconds limit) {
    const std::thread::id home = std::this_thread::get_id();
    const std::string text = co_await with_deadline(group, answer_at_once("x"), limit);
    co_return std::this_thread::get_id() == home;
}

}  // namespace

TEST_CASE("work that is done in time gives its result") {
    TaskRunner runner;
    CHECK(runner.run(with_deadline(runner.group(), answer_at_once("done"), 10s)) == "done");
    CHECK(runner.run(is_home_after(runner.group(), 10s)));
}

TEST_CASE("work that fails in time gives its exception, not a time-out") {
    TaskRunner runner;
    CHECK_THROWS_WITH(runner.run(with_deadline(runner.group(), refuse(), 10s)), "refused");
}

TEST_CASE("a caller waits no longer than its limit, and the late result is dropped") {
    TaskRunner runner;
    const auto work = std::make_shared<SlowWork>();
    const auto start = std::chrono::steady_clock::now();
    CHECK_THROWS_AS(runner.run(with_deadline(runner.group(), answer_late(work), 20ms)), TimedOut);
    CHECK(std::chrono::steady_clock::now() - start >= 20ms);
    CHECK(std::chrono::steady_clock::now() - start < 10s);
    CHECK_FALSE(work->was_finished);
    CHECK(work->resume->with("too late"));
    CHECK(runner.group().wait_until_empty(10s));
    CHECK(work->was_finished);
}

TEST_CASE("a late failure is dropped too") {
    TaskRunner runner;
    const auto work = std::make_shared<SlowWork>();
    CHECK_THROWS_AS(runner.run(with_deadline(runner.group(), fail_late(work), 1ms)), TimedOut);
    CHECK(work->resume->with("too late"));
    CHECK(runner.group().wait_until_empty(10s));
}

TEST_CASE("a limit of nothing is a time-out for whoever has to wait") {
    TaskRunner runner;
    const auto work = std::make_shared<SlowWork>();
    CHECK_THROWS_AS(runner.run(with_deadline(runner.group(), answer_late(work), 0ms)), TimedOut);
    work->resume->with("too late");
    CHECK(runner.group().wait_until_empty(10s));
}

TEST_CASE("under a cancelled group the work does not start and the caller is told") {
    TaskRunner runner;
    TaskGroup stopped;
    stopped.cancel();
    CHECK_THROWS(runner.run(with_deadline(stopped, answer_at_once("never"), 10s)));
}

TEST_CASE("results and time-outs may race") {
    TaskRunner runner;
    int in_time = 0;
    for (int round = 0; round < 300; ++round) {
        const auto work = std::make_shared<SlowWork>();
        runner.group().spawn(runner.executor(), answer_after(work, 1ms));
        in_time += runner.run(ends_in_time(runner.group(), work, 1ms)) ? 1 : 0;
        REQUIRE(runner.group().wait_until_empty(10s));
        REQUIRE(work->was_finished);
    }
    CHECK(in_time <= 300);
}
