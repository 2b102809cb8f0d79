#include "mxcd/async/started.hpp"

#include "mxcd/async/timeout.hpp"

#include "support/catch.hpp"
#include "support/run_task.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace mxcd;
using namespace mxcd::test;
using async::Started;

namespace {

struct Steps {
    std::string text;
};

async::Task<int> answer(Steps& steps, bool fails) {
    steps.text += "begins,";
    co_await async::asio::post(async::use_task);
    steps.text += "ends,";
    if (fails) throw std::runtime_error("broken");
    co_return 7;
}

async::Task<int> never() {
    const async::Executor home = co_await async::asio::this_coro::executor;
    async::Timer timer(home, std::chrono::hours(1));
    co_await timer.async_wait(async::use_task);
    co_return 0;
}

async::Task<int> start_and_await(async::TaskGroup& group, Steps& steps, bool fails, int posts_between) {
    const async::Executor home = co_await async::asio::this_coro::executor;
    Started<int> started(group, home, answer(steps, fails));
    for (int i = 0; i < posts_between; ++i) co_await async::asio::post(async::use_task);
    steps.text += "awaits,";
    const int value = co_await started.result();
    co_return value;
}

async::Task<int> start_and_forget(async::TaskGroup& group, Steps& steps) {
    const async::Executor home = co_await async::asio::this_coro::executor;
    const Started<int> started(group, home, answer(steps, true));
    co_return 1;
}

async::Task<std::string> await_in_group_that_ends(async::TaskGroup& group, bool ends_first) {
    const async::Executor home = co_await async::asio::this_coro::executor;
    if (ends_first) group.cancel();
    Started<int> started(group, home, never());
    if (!ends_first) {
        co_await async::asio::post(async::use_task);
        group.cancel();
    }
    try {
        co_await started.result();
    } catch (const boost::system::system_error& error) {
        co_return error.code() == async::asio::error::operation_aborted ? "aborted" : "another error";
    }
    co_return "a result";
}

}  // namespace

TEST_CASE("a started task runs while its starter does something else, and its result is there later") {
    Steps steps;  // before the runner: a task that nobody awaits may end after the test
    TaskRunner runner;
    CHECK(runner.run(start_and_await(runner.group(), steps, false, 10)) == 7);
    CHECK(steps.text == "begins,ends,awaits,");
}

TEST_CASE("a starter waits for a started task that is not done") {
    Steps steps;
    TaskRunner runner;
    CHECK(runner.run(start_and_await(runner.group(), steps, false, 0)) == 7);
    CHECK(steps.text.ends_with("ends,"));
}

TEST_CASE("what a started task throws comes with its result, and is nobody's business without") {
    Steps steps;
    TaskRunner runner;
    CHECK_THROWS_AS(runner.run(start_and_await(runner.group(), steps, true, GENERATE(0, 10))),
                    std::runtime_error);
    CHECK(runner.run(start_and_forget(runner.group(), steps)) == 1);
}

TEST_CASE("a group that ends does not leave the starter waiting") {
    TaskRunner runner;
    async::TaskGroup group;
    CHECK(runner.run(await_in_group_that_ends(group, GENERATE(true, false))) == "aborted");
    CHECK(group.wait_until_empty(std::chrono::seconds(5)));
}
