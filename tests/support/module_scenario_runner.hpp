#pragma once

#include "mxcd/base/hash.hpp"
#include "mxcd/base/memory_file.hpp"
#include "mxcd/media/module_chain.hpp"

#include "modules/callback_json.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/memory_metrics.hpp"
#include "support/module_scenarios.hpp"
#include "support/run_task.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::test {

/// A module that was made to follow a script, and what it has heard: {"callback": NAME, ...arguments}.
struct ModuleUnderTest {
    std::shared_ptr<media::MediaModule> module;
    std::function<std::vector<Json>()> heard;
};

struct ModuleKind {
    std::string name;
    std::function<ModuleUnderTest(const ModuleScript&)> make;
    /// The deadline that modules which hang run into; all others have to keep it.
    std::chrono::milliseconds timeout{300};
    bool has_strict_booleans = true;
};

/// Runs one scenario over one kind of module.
class ScenarioRun {
  public:
    ScenarioRun(const ModuleKind& kind, const Scenario& scenario) : scenario_(scenario) {
        std::vector<media::ChainEntry> entries;
        for (const Behaviour& behaviour : scenario.modules) {
            modules_.push_back(kind.make({{scenario.callback, behaviour}}));
            const bool hangs = behaviour.kind == Behaviour::Kind::hangs;
            entries.push_back({"m" + std::to_string(modules_.size()), modules_.back().module,
                               hangs ? kind.timeout : std::chrono::milliseconds(10'000), scenario.on_error});
        }
        chain_.emplace(std::move(entries), runner_.group(), metrics_);
    }

    void check() {
        const auto begun = std::chrono::steady_clock::now();
        const Json outcome = ask();
        CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
        CHECK(outcome == scenario_.outcome);
        for (std::size_t index = 0; index < modules_.size(); ++index) {
            INFO("module m" << index + 1);
            check_heard(modules_.at(index), index < scenario_.asked);
        }
        CHECK(eventually([this] { return chain_->degraded() == scenario_.failing; }));
    }

  private:
    Json ask() {
        try {
            return ask_chain();
        } catch (const matrix::Error& error) {
            return fails(error.status(), error.errcode(), error.what());
        }
    }

    Json ask_chain() {
        const std::string& name = scenario_.callback;
        if (name == callback::config) {
            const std::optional<Json> config = runner_.run(chain_->media_config(user_));
            return gives(config ? *config : none);
        }
        if (name == callback::allowed) {
            runner_.run(chain_->require_upload_allowed(upload_));
            return gives(true);
        }
        if (name == callback::limits) return ask_limits();
        if (name == callback::check) {
            const std::optional<std::string> by = runner_.run(chain_->require_file_allowed(file_));
            return gives(by ? "quarantine by " + *by : "allow");
        }
        tell(name);
        return none;
    }

    Json ask_limits() {
        const std::optional<std::vector<media::UploadLimit>> limits =
            runner_.run(chain_->upload_limits(user_, upload_.size));
        if (!limits) return gives(none);
        Json list = Json::array();
        for (const media::UploadLimit& limit : *limits) list.push_back(modules::limit_json(limit));
        return gives(list);
    }

    void tell(const std::string& name) {
        const async::Executor home = runner_.executor();
        if (name == callback::exceeded) chain_->tell_limit_exceeded(home, event_);
        if (name == callback::uploaded) chain_->tell_media_uploaded(home, user_, media_, upload_.size);
        if (name == callback::deleted) chain_->tell_media_deleted(home, media_);
    }

    [[nodiscard]] Json expected_call() const {
        const std::string& name = scenario_.callback;
        Json call = modules::user_arguments(user_);
        if (name == callback::allowed) call = modules::upload_arguments(upload_);
        if (name == callback::exceeded) call = modules::limit_arguments(event_);
        if (name == callback::check) call = modules::file_arguments(file_);
        if (name == callback::uploaded) call = modules::uploaded_arguments(user_, media_, upload_.size);
        if (name == callback::deleted) call = modules::deleted_arguments(media_);
        call["callback"] = name;
        return call;
    }

    /// Whether the module heard exactly one call, or none. A call may say more than what is expected.
    void check_heard(const ModuleUnderTest& module, bool is_asked) const {
        if (!is_asked) {
            CHECK(module.heard().empty());
            return;
        }
        CHECK(eventually([&module] { return !module.heard().empty(); }));
        const std::vector<Json> heard = module.heard();
        CHECK(heard.size() == 1);
        if (heard.empty()) return;
        const Json expected = expected_call();
        for (const auto& [key, value] : expected.items()) {
            INFO("argument " << key);
            CHECK(heard.front().value(key, Json("absent")) == value);
        }
    }

    const Scenario scenario_;
    const matrix::UserId user_ = matrix::UserId::parse("@alice:example.org").value();
    const matrix::MediaId media_ = matrix::MediaId::parse("abcDEF").value();
    const std::string body_ = "the bytes of a file";
    const media::UploadFacts upload_{user_, base::ByteCount(std::ssize(body_)), "text/plain; charset=utf-8",
                                     "h\xc3\xa4user.txt"};
    const media::FileFacts file_{
        upload_,
        media_,
        media::BlobKey{base::sha256(body_)},
        "text/plain",
        {std::make_shared<const base::UniqueFd>(base::memory_file("test", body_)), upload_.size}};
    const media::LimitEvent event_{
        user_, media::UploadLimit{std::chrono::hours(24), base::ByteCount(5000), "https://a.example/", true},
        base::ByteCount(3000), base::ByteCount(4000)};
    MemoryMetrics metrics_;
    std::vector<ModuleUnderTest> modules_;
    // The last, so that calls that still hang end before what they use.
    TaskRunner runner_;
    std::optional<media::ModuleChain> chain_;
};

/// Runs the whole table over one kind of module.
inline void run_module_scenarios(const ModuleKind& kind) {
    for (const Scenario& scenario : module_scenarios()) {
        if (scenario.needs_strict_booleans && !kind.has_strict_booleans) continue;
        INFO(kind.name << ", " << scenario.callback << ": " << scenario.name);
        ScenarioRun(kind, scenario).check();
    }
}

}  // namespace mxcd::test
