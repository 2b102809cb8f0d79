#include "mxcd/async/worker_pool.hpp"

#include "mxcd/base/errors.hpp"

#include "support/catch.hpp"
#include "support/run_task.hpp"

#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace mxcd::async;
using namespace std::chrono_literals;
using mxcd::base::Overloaded;
using mxcd::test::TaskRunner;

namespace {

/// Holds whoever passes until it is opened.
class Gate {
  public:
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        ++arrived_;
        changed_.notify_all();
        changed_.wait_for(lock, 10s, [this] { return is_open_; });
    }
    bool wait_for_arrival() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [this] { return arrived_ > 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = false;
    int arrived_ = 0;
};

template <class Work>
Task<std::invoke_result_t<Work&>> run_on(WorkerPool& pool, Work work) {
    co_return co_await pool.run(std::move(work));
}

struct Threads {
    std::thread::id before;
    std::thread::id work;
    std::thread::id after;
};

Task<Threads> threads_of(WorkerPool& pool) {
    Threads threads;
    threads.before = std::this_thread::get_id();
    threads.work = co_await pool.run([] { return std::this_thread::get_id(); });
    threads.after = std::this_thread::get_id();
    co_return threads;
}

}  // namespace

TEST_CASE("work runs on a worker, and its caller goes on at home") {
    TaskRunner runner;
    WorkerPool pool({.name = "test", .threads = 1});
    const Threads threads = runner.run(threads_of(pool));
    CHECK(threads.before == threads.after);
    CHECK(threads.before != threads.work);
}

TEST_CASE("results, exceptions and things that cannot be copied come back") {
    TaskRunner runner;
    WorkerPool pool({});
    CHECK(runner.run(run_on(pool, [] { return std::string("result"); })) == "result");
    CHECK(*runner.run(
              run_on(pool, [owned = std::make_unique<int>(3)]() mutable { return std::move(owned); })) == 3);
    CHECK_THROWS_WITH(runner.run(run_on(pool, []() -> int { throw std::runtime_error("broken"); })),
                      "broken");
    CHECK_THROWS_WITH(runner.run(run_on(pool, [] { throw std::runtime_error("broken too"); })), "broken too");
}

TEST_CASE("a full queue refuses and goes on working") {
    TaskRunner runner;
    Gate gate;
    std::atomic<int> done = 0;
    WorkerPool pool({.name = "test", .threads = 1, .queue_limit = 2});
    pool.submit([&gate] { gate.pass(); });
    REQUIRE(gate.wait_for_arrival());
    std::promise<void> both_done;
    pool.submit([&done] { ++done; });
    pool.submit([&done, &both_done] {
        ++done;
        both_done.set_value();
    });
    CHECK_THROWS_AS(pool.submit([&done] { ++done; }), Overloaded);
    CHECK_THROWS_AS(runner.run(run_on(pool, [] { return 1; })), Overloaded);
    CHECK_THROWS_AS(runner.run(run_on(pool, [] {})), Overloaded);
    gate.open();
    REQUIRE(both_done.get_future().wait_for(10s) == std::future_status::ready);
    CHECK(done == 2);
    CHECK(runner.run(run_on(pool, [] { return 3; })) == 3);
}

TEST_CASE("a pool finishes what is queued before it goes") {
    std::atomic<int> done = 0;
    Gate gate;
    std::thread opening;
    {
        WorkerPool pool({.name = "test", .threads = 1});
        pool.submit([&gate] { gate.pass(); });
        REQUIRE(gate.wait_for_arrival());
        for (int i = 0; i < 100; ++i) pool.submit([&done] { ++done; });
        opening = std::thread([&gate] { gate.open(); });
    }
    opening.join();
    CHECK(done == 100);
}

TEST_CASE("work of a cancelled caller runs to its end") {
    Gate gate;
    std::atomic<bool> finished = false;
    TaskRunner runner;
    WorkerPool pool({.name = "test", .threads = 1});
    auto work = [&gate, &finished] {
        gate.pass();
        finished = true;
    };
    runner.group().spawn(runner.executor(), run_on(pool, work));
    REQUIRE(gate.wait_for_arrival());
    runner.group().cancel();
    CHECK_FALSE(runner.group().wait_until_empty(10ms));
    gate.open();
    CHECK(runner.group().wait_until_empty(10s));
    CHECK(finished);
    pool.stop();
}

TEST_CASE("a stopped pool has finished everything and takes nothing more") {
    TaskRunner runner;
    std::atomic<int> done = 0;
    WorkerPool pool({.name = "test", .threads = 2});
    for (int i = 0; i < 100; ++i) pool.submit([&done] { ++done; });
    pool.stop();
    CHECK(done == 100);
    CHECK_THROWS_AS(pool.submit([&done] { ++done; }), Overloaded);
    CHECK_THROWS_AS(runner.run(run_on(pool, [] {})), Overloaded);
    pool.stop();
    CHECK(done == 100);
}

TEST_CASE("workers are as nice as configured") {
    TaskRunner runner;
    WorkerPool pool({.name = "test", .threads = 1, .niceness = 5});
    const int before = getpriority(PRIO_PROCESS, 0);
    const int nice = runner.run(run_on(pool, [] { return getpriority(PRIO_PROCESS, 0); }));
    CHECK(nice == std::min(before + 5, 19));
}

TEST_CASE("several workers share one queue without losing or repeating work") {
    std::atomic<int> done = 0;
    {
        WorkerPool pool({.name = "test", .threads = 4, .queue_limit = 10'000});
        std::vector<std::thread> submitting;
        for (int t = 0; t < 4; ++t)
            submitting.emplace_back([&pool, &done] {
                for (int i = 0; i < 1000; ++i) pool.submit([&done] { ++done; });
            });
        for (std::thread& thread : submitting) thread.join();
    }
    CHECK(done == 4000);
}
