#include "mxcd/async/single_flight.hpp"

#include "mxcd/async/io_threads.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

namespace mxcd::async {

namespace {

/// Work that counts how often it is done and ends when the test says so.
class Oven {
  public:
    Task<std::string> bake(std::string what) {
        ++begun_;
        auto start = [this](Resume<std::string> resume) { waiting_.set_value(std::move(resume)); };
        std::string cake = co_await suspend<std::string>(std::move(start));
        co_return what + " " + cake;
    }

    [[nodiscard]] Resume<std::string> wait_until_baking() { return waiting_.get_future().get(); }
    [[nodiscard]] int begun() const { return begun_; }

  private:
    std::atomic<int> begun_ = 0;
    std::promise<Resume<std::string>> waiting_;
};

using Flights = SingleFlight<std::string, std::string>;

Task<> order(Flights& flights, Oven& oven, std::promise<std::string> promise) {
    std::string end;
    const auto work = [&oven] { return oven.bake("apple"); };
    try {
        end = co_await flights.run("cake", work);
    } catch (const boost::system::system_error&) {
        end = "aborted";
    } catch (const std::exception& error) {
        end = error.what();
    }
    promise.set_value(end);
}

/// Runs behind everything that was begun before it on the same thread.
Task<> fulfil(std::promise<void> promise) {
    promise.set_value();
    co_return;
}

struct Bakery {
    Bakery() { threads.start(); }
    ~Bakery() {
        guests.cancel();
        background.cancel();
        CHECK(guests.wait_until_empty(std::chrono::seconds(5)));
        CHECK(background.wait_until_empty(std::chrono::seconds(5)));
        threads.stop();
    }

    std::future<std::string> order_on(std::size_t thread) {
        std::promise<std::string> promise;
        std::future<std::string> future = promise.get_future();
        guests.spawn(threads.executor(thread), order(flights, oven, std::move(promise)));
        return future;
    }

    std::vector<std::future<std::string>> order_many(int count, std::size_t on_threads) {
        std::vector<std::future<std::string>> ends;
        for (int i = 0; i < count; ++i) ends.push_back(order_on(static_cast<std::size_t>(i) % on_threads));
        for (std::size_t thread = 0; thread < on_threads; ++thread) {
            std::promise<void> reached;
            std::future<void> future = reached.get_future();
            guests.spawn(threads.executor(thread), fulfil(std::move(reached)));
            future.get();
        }
        return ends;
    }

    Oven oven;
    TaskGroup background;
    TaskGroup guests;
    Flights flights{background};
    IoThreads threads{3};
};

}  // namespace

TEST_CASE("everybody who asks while the work runs gets its one result") {
    Bakery bakery;
    std::future<std::string> first = bakery.order_on(0);
    const Resume<std::string> oven = bakery.oven.wait_until_baking();
    std::vector<std::future<std::string>> others = bakery.order_many(30, 3);
    oven.with("pie");
    CHECK(first.get() == "apple pie");
    for (std::future<std::string>& other : others) CHECK(other.get() == "apple pie");
    CHECK(bakery.oven.begun() == 1);
}

TEST_CASE("everybody gets the exception of the work") {
    Bakery bakery;
    std::future<std::string> first = bakery.order_on(0);
    const Resume<std::string> oven = bakery.oven.wait_until_baking();
    // On one thread: ThreadSanitizer does not see how libstdc++ counts the users of an exception.
    std::vector<std::future<std::string>> others = bakery.order_many(2, 1);
    oven.with_error(std::make_exception_ptr(std::runtime_error("burnt")));
    CHECK(first.get() == "burnt");
    CHECK(others.back().get() == "burnt");
}

TEST_CASE("the work goes on when the caller who came first is cancelled") {
    Bakery bakery;
    std::future<std::string> first = bakery.order_on(0);
    const Resume<std::string> oven = bakery.oven.wait_until_baking();
    bakery.guests.cancel();
    oven.with("pie");
    CHECK(first.get() == "apple pie");
    CHECK(bakery.oven.begun() == 1);
}

TEST_CASE("nobody hangs when the work may not start any more") {
    Bakery bakery;
    bakery.background.cancel();
    CHECK(bakery.order_on(0).get() == "aborted");
    CHECK(bakery.order_on(1).get() == "aborted");
    CHECK(bakery.oven.begun() == 0);
}

namespace {

Task<std::string> count_up(int& counter) {
    ++counter;
    co_return std::to_string(counter);
}

Task<> ask_twice(Flights& flights, std::promise<std::string> promise) {
    int counter = 0;
    const auto work = [&counter] { return count_up(counter); };
    const std::string first = co_await flights.run("key", work);
    const std::string second = co_await flights.run("key", work);
    promise.set_value(first + second);
}

Task<> join(Flights& flights, std::promise<std::string> promise) {
    const std::string result = co_await flights.join("cake");
    promise.set_value(result);
}

}  // namespace

TEST_CASE("who joins gets the result of the work that runs, and starts none") {
    Bakery bakery;
    const auto join_on = [&bakery](std::size_t thread) {
        std::promise<std::string> promise;
        std::future<std::string> future = promise.get_future();
        bakery.guests.spawn(bakery.threads.executor(thread), join(bakery.flights, std::move(promise)));
        return future;
    };
    CHECK(join_on(0).get().empty());
    std::future<std::string> first = bakery.order_on(0);
    const Resume<std::string> oven = bakery.oven.wait_until_baking();
    std::future<std::string> joined = join_on(0);
    std::vector<std::future<std::string>> others = bakery.order_many(1, 1);
    oven.with("pie");
    CHECK(first.get() == "apple pie");
    CHECK(joined.get() == "apple pie");
    CHECK(others.back().get() == "apple pie");
    CHECK(bakery.oven.begun() == 1);
}

TEST_CASE("who asks after the end starts anew") {
    Bakery bakery;
    std::promise<std::string> promise;
    std::future<std::string> future = promise.get_future();
    bakery.guests.spawn(bakery.threads.executor(0), ask_twice(bakery.flights, std::move(promise)));
    CHECK(future.get() == "12");
}

}  // namespace mxcd::async
