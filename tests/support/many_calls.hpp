#pragma once

#include "support/eventually.hpp"
#include "support/module_scenario_runner.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>

namespace mxcd::test {

/// What the modules have answered so far.
struct Answers {
    std::atomic<int> allowed = 0;
    std::atomic<bool> has_slow_one_ended = false;
};

/// 64 calls at once, to a module that is at the same time busy with another one and does not answer it, and
/// to a second module: none queues behind the slow one.
class ManyCalls {
  public:
    /// `runner` outlives whatever posts the modules' answers to it.
    ManyCalls(const ModuleKind& kind, TaskRunner& runner)
        : runner_(runner),
          slow_(kind.make({{callback::config, hangs()}, {callback::allowed, answers(true)}})),
          other_(kind.make({{callback::allowed, answers(true)}})) {}

    ~ManyCalls() {
        // What they use goes before the runner does.
        static_cast<void>(runner_.group().wait_until_empty(std::chrono::seconds(20)));
    }
    ManyCalls(const ManyCalls&) = delete;
    ManyCalls& operator=(const ManyCalls&) = delete;

    void check() {
        runner_.group().spawn(runner_.executor(), ask_slowly(slow_.module, answers_));
        REQUIRE(eventually([this] { return !slow_.heard().empty(); }));
        for (int n = 0; n < calls; ++n) {
            runner_.group().spawn(runner_.executor(), ask(slow_.module, answers_));
            runner_.group().spawn(runner_.executor(), ask(other_.module, answers_));
        }
        static_cast<void>(
            eventually([this] { return answers_->allowed == 2 * calls; }, std::chrono::seconds(20)));
        const bool has_overtaken = !answers_->has_slow_one_ended;
        CHECK(answers_->allowed == 2 * calls);
        CHECK(has_overtaken);
    }

  private:
    static constexpr int calls = 64;

    // Each keeps what it uses: the slow one may outlive the test's patience.
    static async::Task<> ask(std::shared_ptr<media::MediaModule> module, std::shared_ptr<Answers> answers) {
        const bool is_allowed = co_await module->is_upload_allowed(
            {matrix::UserId::parse("@alice:example.org").value(), base::ByteCount(7), "text/plain", {}});
        answers->allowed += is_allowed ? 1 : 0;
    }
    static async::Task<> ask_slowly(std::shared_ptr<media::MediaModule> module,
                                    std::shared_ptr<Answers> answers) {
        try {
            co_await module->media_config(matrix::UserId::parse("@alice:example.org").value());
        } catch (const std::exception&) {
            // Its deadline.
        }
        answers->has_slow_one_ended = true;
    }

    TaskRunner& runner_;
    ModuleUnderTest slow_;
    ModuleUnderTest other_;
    std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
};

}  // namespace mxcd::test
