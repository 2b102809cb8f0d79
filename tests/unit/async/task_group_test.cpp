#include "mxcd/async/task_group.hpp"

#include "mxcd/async/timeout.hpp"

#include "support/catch.hpp"
#include "support/run_task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

using namespace mxcd::async;
using namespace std::chrono_literals;

namespace {

struct Watched {
    std::promise<void> started;
    std::atomic<bool> was_cancelled = false;
    std::atomic<bool> was_destroyed = false;
    std::thread::id thread;
    std::thread::id end_thread;
};

class TellsDestruction {
  public:
    explicit TellsDestruction(Watched& watched) : watched_(watched) {}
    ~TellsDestruction() { watched_.was_destroyed = true; }
    TellsDestruction(const TellsDestruction&) = delete;
    TellsDestruction& operator=(const TellsDestruction&) = delete;

  private:
    Watched& watched_;
};

Task<> wait_long(Watched& watched) {
    const TellsDestruction local(watched);
    const Executor home = co_await asio::this_coro::executor;
    Timer timer(home, 1h);
    watched.thread = std::this_thread::get_id();
    watched.started.set_value();
    try {
        co_await timer.async_wait(use_task);
    } catch (const boost::system::system_error& error) {
        watched.end_thread = std::this_thread::get_id();
        watched.was_cancelled = error.code() == asio::error::operation_aborted;
        throw;
    }
}

Task<> count_up(std::atomic<int>& count) {
    ++count;
    co_return;
}

Task<> fail() {
    throw std::runtime_error("a test's failure");
    co_return;
}

}  // namespace

TEST_CASE("a group runs its tasks and is empty afterwards") {
    TaskGroup group;
    IoThreads threads(2);
    threads.start();
    std::atomic<int> count = 0;
    for (std::size_t i = 0; i < 1000; ++i) group.spawn(threads.executor(i % 2), count_up(count));
    CHECK(group.wait_until_empty(10s));
    CHECK(count == 1000);
    CHECK(group.size() == 0);
}

TEST_CASE("a task that throws ends and harms nobody else") {
    TaskGroup group;
    IoThreads threads(1);
    threads.start();
    std::atomic<int> count = 0;
    group.spawn(threads.executor(0), fail());
    group.spawn(threads.executor(0), count_up(count));
    CHECK(group.wait_until_empty(10s));
    CHECK(count == 1);
}

TEST_CASE("cancelling ends every wait, each on its own thread") {
    TaskGroup group;
    IoThreads threads(2);
    threads.start();
    std::vector<Watched> tasks(8);
    for (std::size_t i = 0; i < tasks.size(); ++i) group.spawn(threads.executor(i % 2), wait_long(tasks[i]));
    for (Watched& task : tasks) REQUIRE(task.started.get_future().wait_for(10s) == std::future_status::ready);
    CHECK(group.size() == tasks.size());
    CHECK_FALSE(group.wait_until_empty(1ms));
    group.cancel();
    group.cancel();
    CHECK(group.wait_until_empty(10s));
    for (const Watched& task : tasks) {
        CHECK(task.was_cancelled);
        CHECK(task.was_destroyed);
        CHECK(task.thread == task.end_thread);
    }
}

TEST_CASE("a task that is spawned after cancelling does not start") {
    TaskGroup group;
    IoThreads threads(1);
    threads.start();
    std::atomic<int> count = 0;
    group.cancel();
    group.spawn(threads.executor(0), count_up(count));
    CHECK(group.wait_until_empty(10s));
    CHECK(count == 0);
}

TEST_CASE("cancelling at any moment leaves no task behind") {
    for (int round = 0; round < 200; ++round) {
        TaskGroup group;
        IoThreads threads(1);
        threads.start();
        std::atomic<int> count = 0;
        Watched watched;
        group.spawn(threads.executor(0), wait_long(watched));
        for (int i = 0; i < round % 5; ++i) group.spawn(threads.executor(0), count_up(count));
        group.cancel();
        REQUIRE(group.wait_until_empty(10s));
    }
}

TEST_CASE("tasks that still wait when the threads go are destroyed with them") {
    Watched watched;
    {
        IoThreads threads(1);
        threads.start();
        asio::co_spawn(threads.executor(0), wait_long(watched), asio::detached);
        REQUIRE(watched.started.get_future().wait_for(10s) == std::future_status::ready);
        threads.stop();
        threads.stop();
        CHECK_FALSE(watched.was_destroyed);
    }
    CHECK(watched.was_destroyed);
    CHECK_FALSE(watched.was_cancelled);
}
