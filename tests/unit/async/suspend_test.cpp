#include "mxcd/async/suspend.hpp"

#include "support/catch.hpp"
#include "support/run_task.hpp"

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

using namespace mxcd::async;
using namespace std::chrono_literals;
using mxcd::test::TaskRunner;

namespace {

template <class T, class Start>
Task<T> suspended(Start start) {
    if constexpr (std::is_void_v<T>) {
        co_await suspend<T>(std::move(start));
    } else {
        T value = co_await suspend<T>(std::move(start));
        co_return value;
    }
}

/// Whether a task that any thread answers goes on where it began.
template <class Start>
Task<bool> returns_home(Start start) {
    const std::thread::id home = std::this_thread::get_id();
    co_await suspend<void>(std::move(start));
    co_return std::this_thread::get_id() == home;
}

}  // namespace

TEST_CASE("a suspended task goes on with the answer") {
    TaskRunner runner;
    CHECK(runner.run(suspended<int>([](Resume<int> resume) { resume.with(42); })) == 42);
    CHECK_NOTHROW(runner.run(suspended<void>([](Resume<void> resume) { resume.with(); })));
}

TEST_CASE("an answer from another thread brings the task back to its own") {
    TaskRunner runner;
    std::thread answering;
    const bool is_home = runner.run(returns_home([&answering](Resume<void> resume) {
        answering = std::thread([resume = std::move(resume)] { resume.with(); });
    }));
    answering.join();
    CHECK(is_home);
}

TEST_CASE("an answer can be an exception") {
    TaskRunner runner;
    CHECK_THROWS_WITH(runner.run(suspended<int>([](Resume<int> resume) {
        resume.with_error(std::make_exception_ptr(std::runtime_error("refused")));
    })),
                      "refused");
}

TEST_CASE("what throws before it suspends is the task's exception, once") {
    TaskRunner runner;
    CHECK_THROWS_WITH(
        runner.run(suspended<int>([](Resume<int>) -> void { throw std::runtime_error("not started"); })),
        "not started");
    CHECK(runner.run(suspended<int>([](Resume<int> resume) { resume.with(1); })) == 1);
}

TEST_CASE("only the first answer counts") {
    TaskRunner runner;
    std::promise<std::string> seen;
    const int value = runner.run(suspended<int>([&seen](Resume<int> resume) {
        const Resume<int> copy = resume;
        std::string answers;
        answers += resume.with(1) ? "yes" : "no";
        answers += copy.with(2) ? " yes" : " no";
        answers += copy.with_error(std::make_exception_ptr(std::runtime_error("late"))) ? " yes" : " no";
        seen.set_value(answers);
    }));
    CHECK(value == 1);
    CHECK(seen.get_future().get() == "yes no no");
}

TEST_CASE("of many threads that answer, one wins") {
    TaskRunner runner;
    for (int round = 0; round < 200; ++round) {
        std::vector<std::thread> threads;
        std::atomic<int> winners = 0;
        const int value = runner.run(suspended<int>([&threads, &winners](Resume<int> resume) {
            for (int i = 1; i <= 3; ++i)
                threads.emplace_back([resume, i, &winners] { winners += resume.with(i) ? 1 : 0; });
        }));
        for (std::thread& thread : threads) thread.join();
        REQUIRE(winners == 1);
        REQUIRE((value >= 1 && value <= 3));
    }
}

TEST_CASE("a forgotten task ends with an exception") {
    TaskRunner runner;
    CHECK_THROWS_AS(runner.run(suspended<int>([](Resume<int>) {})), std::logic_error);
    std::optional<Resume<void>> kept;
    std::thread forgetting;
    CHECK_THROWS_AS(runner.run(suspended<void>([&kept, &forgetting](Resume<void> resume) {
        kept = std::move(resume);
        forgetting = std::thread([&kept] { kept.reset(); });
    })),
                    std::logic_error);
    forgetting.join();
}

TEST_CASE("answers can be moved only") {
    TaskRunner runner;
    const auto value = runner.run(suspended<std::unique_ptr<int>>(
        [](Resume<std::unique_ptr<int>> resume) { resume.with(std::make_unique<int>(7)); }));
    CHECK(*value == 7);
}

TEST_CASE("an answer that comes after the loop was destroyed is harmless") {
    std::optional<Resume<void>> late;
    {
        TaskGroup group;
        IoThreads threads(1);
        std::promise<void> suspended_now;
        auto hold = [&late, &suspended_now](Resume<void> resume) {
            late = std::move(resume);
            suspended_now.set_value();
        };
        threads.start();
        auto future = suspended_now.get_future();
        group.spawn(threads.executor(0), suspended<void>(std::move(hold)));
        REQUIRE(future.wait_for(10s) == std::future_status::ready);
        late->with();
        CHECK(group.wait_until_empty(10s));
    }
    CHECK_FALSE(late->with());
}
