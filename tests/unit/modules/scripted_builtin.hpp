#pragma once

#include "mxcd/async/timeout.hpp"

#include "modules/callback_json.hpp"
#include "support/module_scenario_runner.hpp"

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace mxcd::test {

/// A module in C++ that follows a script.
class ScriptedBuiltin final : public media::MediaModule {
  public:
    explicit ScriptedBuiltin(ModuleScript script) : script_(std::move(script)) {}

    [[nodiscard]] std::vector<Json> heard() const {
        const std::lock_guard lock(mutex_);
        return heard_;
    }

    [[nodiscard]] bool checks_files() const override { return script_.contains(callback::check); }
    async::Task<std::optional<Json>> media_config(matrix::UserId user) override {
        const Json answer = co_await follow(callback::config, modules::user_arguments(user));
        co_return modules::config_of(answer);
    }
    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        if (!script_.contains(callback::allowed)) co_return true;
        const Json answer = co_await follow(callback::allowed, modules::upload_arguments(facts));
        co_return modules::boolean_of(answer);
    }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount) override {
        const Json answer = co_await follow(callback::limits, modules::user_arguments(user));
        co_return modules::limits_of(answer);
    }
    async::Task<media::FileVerdict> check_file(media::FileFacts facts) override {
        const Json answer = co_await follow(callback::check, modules::file_arguments(facts));
        co_return modules::verdict_of(answer);
    }
    async::Task<> limit_exceeded(media::LimitEvent event) override {
        const Json call = modules::limit_arguments(event);
        event.limit.max_size = base::ByteCount(0);
        co_await follow(callback::exceeded, call);
    }
    async::Task<> media_uploaded(matrix::UserId user, matrix::MediaId media, base::ByteCount size) override {
        co_await follow(callback::uploaded, modules::uploaded_arguments(user, media, size));
    }
    async::Task<> media_deleted(matrix::MediaId media) override {
        co_await follow(callback::deleted, modules::deleted_arguments(media));
    }

  private:
    async::Task<Json> follow(std::string name, Json call) {
        const auto found = script_.find(name);
        if (found == script_.end()) co_return Json();
        call["callback"] = name;
        note(std::move(call));
        const Behaviour behaviour = found->second;
        if (behaviour.kind == Behaviour::Kind::refuses) throw modules::error_of(behaviour.value);
        if (behaviour.kind == Behaviour::Kind::breaks) throw std::runtime_error("the module is broken");
        if (behaviour.kind == Behaviour::Kind::hangs) co_await wait_long();
        co_return behaviour.value;
    }

    void note(Json call) {
        const std::lock_guard lock(mutex_);
        heard_.push_back(std::move(call));
    }

    static async::Task<> wait_long() {
        const async::Executor home = co_await async::asio::this_coro::executor;
        async::Timer timer(home, std::chrono::hours(1));
        co_await timer.async_wait(async::use_task);
    }

    const ModuleScript script_;
    mutable std::mutex mutex_;
    std::vector<Json> heard_;
};

inline ModuleKind builtin_kind() {
    return {"builtin", [](const ModuleScript& script) {
                const auto module = std::make_shared<ScriptedBuiltin>(script);
                return ModuleUnderTest{module, [module] { return module->heard(); }};
            }};
}

}  // namespace mxcd::test
