#include "http/ready_queue.hpp"

#include "mxcd/base/unique_fd.hpp"

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/run_task.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

using namespace mxcd;
using namespace mxcd::test;

namespace {

/// One end of a pair of sockets is watched, the other one is ours.
class Watched final : public http::ReadyListener {
  public:
    explicit Watched(std::function<void()> when_told = [] {}) : when_told_(std::move(when_told)) {
        std::array<int, 2> ends{};
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        ours_.reset(ends[0]);
        watched_.reset(ends[1]);
    }

    void became_ready(std::uint32_t events) noexcept override {
        last_events = events;
        when_told_();
        ++told;  // last: who has seen it may end the test
    }
    void send() const { REQUIRE(write(ours_.get(), "x", 1) == 1); }
    void take() const {
        char byte = 0;
        REQUIRE(read(watched_.get(), &byte, 1) == 1);
    }
    [[nodiscard]] int socket() const { return watched_.get(); }

    std::atomic<int> told = 0;
    std::atomic<std::uint32_t> last_events = 0;

  private:
    std::function<void()> when_told_;
    base::UniqueFd ours_;
    base::UniqueFd watched_;
};

/// A queue that is served; its calls run on its thread.
class ServedQueue {
  public:
    void call(const std::function<void(http::ReadyQueue&)>& work) { runner_.run(on_its_thread(work)); }
    void serve() { runner_.group().spawn(runner_.executor(), queue_.serve(after_round)); }

    std::function<void()> after_round = [] {};
    /// When it is served: everything that was there before has been told.
    void wait_for_a_round() {
        Watched marker;
        call([&](http::ReadyQueue& queue) { queue.add(marker.socket(), marker); });
        marker.send();
        REQUIRE(eventually([&] { return marker.told > 0; }));
        call([&](http::ReadyQueue& queue) { queue.remove(marker.socket(), marker); });
    }

  private:
    async::Task<> on_its_thread(std::function<void(http::ReadyQueue&)> work) {
        work(queue_);
        co_return;
    }

    // The queue goes before the thread that serves it does, so its task must have ended.
    struct Runner : TaskRunner {};
    Runner runner_;
    http::ReadyQueue queue_{runner_.executor()};
    struct End {
        Runner& runner;
        ~End() { runner.end(); }
    } end_{runner_};
};

}  // namespace

TEST_CASE("more sockets than a round takes are all told of") {
    ServedQueue served;
    std::vector<std::unique_ptr<Watched>> all;
    served.call([&](http::ReadyQueue& queue) {
        for (int i = 0; i < 300; ++i) {
            all.push_back(std::make_unique<Watched>());
            queue.add(all.back()->socket(), *all.back());
            all.back()->send();
        }
    });
    served.serve();
    for (const std::unique_ptr<Watched>& one : all) REQUIRE(eventually([&] { return one->told > 0; }));
}

TEST_CASE("sockets that are always ready leave the thread to others, too") {
    ServedQueue served;
    std::vector<std::unique_ptr<Watched>> all;
    struct Busy {
        ~Busy() { goes_on = false; }
        std::atomic<bool> goes_on = true;
    } busy;
    served.call([&](http::ReadyQueue& queue) {
        for (std::size_t i = 0; i < 16; ++i) {
            all.push_back(std::make_unique<Watched>([&, i] {
                all[i]->take();
                if (busy.goes_on) all[i]->send();
            }));
            queue.add(all[i]->socket(), *all[i]);
            all[i]->send();
        }
    });
    served.serve();
    REQUIRE(eventually([&] { return all.back()->told > 100; }));
    bool is_heard = false;
    served.call([&](http::ReadyQueue&) { is_heard = true; });
    CHECK(is_heard);
    served.call([&](http::ReadyQueue& queue) {
        for (const std::unique_ptr<Watched>& one : all) queue.remove(one->socket(), *one);
    });
}

TEST_CASE("what is done after a round comes after all that the round tells, and before a wait") {
    ServedQueue served;
    http::ReadyQueue* watched = nullptr;
    std::atomic<int> in_round = 0;
    const auto look = [&] { in_round += watched->is_in_round() ? 1 : 0; };
    Watched first(look);
    Watched second(look);
    served.call([&](http::ReadyQueue& queue) {
        watched = &queue;
        queue.add(first.socket(), first);
        queue.add(second.socket(), second);
        first.send();
        second.send();
        CHECK_FALSE(queue.is_in_round());
    });
    std::atomic<int> rounds = 0;
    std::atomic<bool> is_after_all = true;
    served.after_round = [&] {
        is_after_all = is_after_all && first.told == 1 && second.told == 1 && !watched->is_in_round();
        ++rounds;
    };
    served.serve();
    REQUIRE(eventually([&] { return rounds >= 1; }));
    CHECK(is_after_all);
    CHECK(in_round == 2);
}

TEST_CASE("a listener that goes in the round of another one is not told any more") {
    ServedQueue served;
    std::unique_ptr<Watched> second;
    http::ReadyQueue* on = nullptr;
    Watched first([&] {
        if (on != nullptr) on->remove(second->socket(), *second);
    });
    second = std::make_unique<Watched>();
    served.call([&](http::ReadyQueue& queue) {
        on = &queue;
        queue.add(first.socket(), first);
        queue.add(second->socket(), *second);
        first.send();
        second->send();
    });
    served.serve();
    served.wait_for_a_round();
    CHECK(first.told == 1);
    CHECK(second->told == 0);
}

TEST_CASE("what was told of once is told of again to whoever looks again") {
    ServedQueue served;
    Watched watched;
    served.serve();
    served.call([&](http::ReadyQueue& queue) { queue.add(watched.socket(), watched); });
    served.wait_for_a_round();
    CHECK(watched.told == 0);
    watched.send();
    CHECK(eventually([&] { return watched.told == 1; }));
    served.wait_for_a_round();
    CHECK(watched.told == 1);
    served.call([&](http::ReadyQueue& queue) { queue.look_again(watched.socket(), watched, EPOLLOUT); });
    CHECK(eventually([&] { return watched.told == 2; }));
    CHECK((watched.last_events & EPOLLOUT) != 0);
}
