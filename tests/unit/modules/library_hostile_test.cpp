#include "library_house.hpp"
#include "support/file_facts.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <thread>
#include <utility>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds deadline{500};

/// A chain of one plugin that does harm for as long as it is told to.
class Hostile {
  public:
    Hostile(std::string harm, media::OnError on_error) : harm_(std::move(harm)) {
        const auto module = house_.make("hostile_plugin", {{"order", order_.string()}}, deadline);
        chain_.emplace(std::vector<media::ChainEntry>{{"hostile", module, deadline, on_error}},
                       runner_.group(), metrics_);
    }

    void turn_evil() const { std::ofstream(order_) << harm_; }
    void turn_good() const { std::filesystem::remove(order_); }

    /// 200, or the status of the refusal.
    int ask() {
        const media::UploadFacts facts{matrix::UserId::parse("@alice:example.org").value(),
                                       base::ByteCount(1), "text/plain", std::nullopt};
        return status_of([&] { runner_.run(chain_->require_upload_allowed(facts)); });
    }
    /// The same for a file of these bytes.
    int check(const std::string& bytes) {
        const media::FileFacts file = file_of(bytes);
        return status_of([&] { runner_.run(chain_->require_file_allowed(file)); });
    }

    [[nodiscard]] bool is_degraded() const { return !chain_->degraded().empty(); }

  private:
    static int status_of(const std::function<void()>& ask) {
        try {
            ask();
        } catch (const matrix::Error& error) {
            return error.status();
        }
        return 200;
    }

    const std::string harm_;
    TempFolder folder_;
    const std::filesystem::path order_ = folder_.path() / "order";
    MemoryMetrics metrics_;
    TaskRunner runner_;
    // After the runner, to whose thread its children post.
    LibraryHouse house_{LibraryHouse::Trust::none};
    std::optional<media::ModuleChain> chain_;
};

bool within(std::chrono::milliseconds limit, const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace

TEST_CASE("whatever a plugin does in its process, the verdict is the configured one, within the deadline") {
    const std::string harm =
        GENERATE("crash", "crash thread", "abort", "exit", "hang", "stop", "recurse", "allocate", "fork",
                 "flood output", "flood log", "garbage", "short garbage", "close", "late", "silent");
    const media::OnError on_error = GENERATE(media::OnError::deny, media::OnError::allow);
    CAPTURE(harm);
    Hostile plugin(harm, on_error);
    CHECK(plugin.ask() == 200);
    plugin.turn_evil();
    for (int round = 0; round < 3; ++round) {
        const auto begun = std::chrono::steady_clock::now();
        CHECK(plugin.ask() == (on_error == media::OnError::deny ? 503 : 200));
        CHECK(std::chrono::steady_clock::now() - begun < deadline + 500ms);
    }
    CHECK(plugin.is_degraded());
    plugin.turn_good();
    // A second from the moment when it behaves, and what it takes to notice that it hangs.
    CHECK(within(deadline + 2s, [&] { return plugin.ask() == 200 && !plugin.is_degraded(); }));
}

TEST_CASE("a plugin without descriptors is never asked about somebody else's file") {
    Hostile plugin("keep files", media::OnError::deny);
    CHECK(plugin.check("good") == 200);
    CHECK(plugin.check("bad") == 403);
    plugin.turn_evil();
    std::set<int> statuses;
    for (int round = 0; round < 10; ++round) {
        CHECK(plugin.check("good") != 403);
        statuses.insert(plugin.check("bad"));
    }
    CHECK_FALSE(statuses.contains(200));
    plugin.turn_good();
    CHECK(within(deadline + 2s, [&] { return plugin.check("good") == 200 && plugin.check("bad") == 403; }));
}

TEST_CASE("a plugin in its process that answers twice has answered once") {
    Hostile plugin("twice", media::OnError::deny);
    plugin.turn_evil();
    for (int round = 0; round < 10; ++round) CHECK(plugin.ask() == 200);
    CHECK_FALSE(plugin.is_degraded());
}
