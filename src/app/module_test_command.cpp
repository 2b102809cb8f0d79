#include "module_test_command.hpp"

#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/async/worker_pool.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/media/file_offers.hpp"
#include "mxcd/outbound/client.hpp"

#include "module_list.hpp"
#include "task_loop.hpp"
#include "values.hpp"

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace mxcd::app {

namespace {

using matrix::Json;
using media::MediaModule;

Json json_of(const std::vector<media::UploadLimit>& limits) {
    Json list = Json::array();
    for (const media::UploadLimit& limit : limits) {
        list.push_back(
            {{"max_bytes", limit.max_size.value()}, {"time_period_ms", limit.time_period.count()}});
        if (!limit.info_uri.empty()) list.back()["info_uri"] = limit.info_uri;
        if (limit.can_upgrade) list.back()["can_upgrade"] = true;
    }
    return list;
}

Json json_of(const std::vector<media::StorageQuota>& quotas) {
    Json list = Json::array();
    for (const media::StorageQuota& quota : quotas) {
        list.push_back(Json::object());
        if (quota.max_size) list.back()["max_size"] = quota.max_size->value();
        if (quota.max_files) list.back()["max_files"] = *quota.max_files;
    }
    return list;
}

std::string text_of(const matrix::Error& error) {
    return "error " + std::to_string(error.status()) + " " + error.errcode() + ": " + error.what();
}

/// Prints what a module says, beside handing it on.
class Witness final : public MediaModule {
  public:
    Witness(std::string name, std::shared_ptr<MediaModule> module)
        : name_(std::move(name)), module_(std::move(module)) {}

    [[nodiscard]] bool answers_at_once() const override { return module_->answers_at_once(); }
    [[nodiscard]] bool is_down() const override { return module_->is_down(); }
    async::Task<std::optional<Json>> media_config(matrix::UserId user) override {
        return witnessed<std::optional<Json>>(module_->media_config(std::move(user)), [](const auto& config) {
            return config ? matrix::to_text(*config) : "none";
        });
    }
    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        return witnessed<bool>(module_->is_upload_allowed(std::move(facts)),
                               [](bool is_allowed) { return is_allowed ? "allowed" : "refused"; });
    }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount size) override {
        return witnessed<std::optional<std::vector<media::UploadLimit>>>(
            module_->upload_limits(std::move(user), size),
            [](const auto& limits) { return limits ? matrix::to_text(json_of(*limits)) : "none"; });
    }
    async::Task<std::vector<media::StorageQuota>> storage_quotas(matrix::UserId user) override {
        return witnessed<std::vector<media::StorageQuota>>(
            module_->storage_quotas(std::move(user)),
            [](const auto& quotas) { return quotas.empty() ? "none" : matrix::to_text(json_of(quotas)); });
    }

  private:
    using Moment = std::chrono::steady_clock::time_point;

    template <class Value>
    async::Task<Value> witnessed(async::Task<Value> call, std::function<std::string(const Value&)> describe) {
        const Moment begun = std::chrono::steady_clock::now();
        try {
            Value value = co_await std::move(call);
            print(describe(value), begun);
            co_return std::move(value);
        } catch (const matrix::Error& error) {
            print(text_of(error), begun);
            throw;
        } catch (const std::exception& failure) {
            print(std::string("failed: ") + failure.what(), begun);
            throw;
        }
    }

    void print(const std::string& what, Moment begun) const {
        const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begun;
        std::printf("  %-20s %s (%.1f ms)\n", name_.c_str(), what.c_str(), taken.count());
    }

    const std::string name_;
    const std::shared_ptr<MediaModule> module_;  // shared with its calls, as every module is
};

/// What modules need outside the service.
class DryHouse {
  public:
    explicit DryHouse(const Configuration& configuration)
        : metrics_(base::make_no_metrics()),
          clock_(base::make_system_clock()),
          random_(base::make_system_random()),
          client_(outbound::make_client({}, *metrics_)),
          workers_(async::WorkerPoolConfig{}),
          files_(*random_),
          children_(*metrics_) {
        std::vector<media::ChainEntry> entries = make_chain_entries(
            configuration.modules,
            {background_, *client_, *clock_, *random_, workers_, files_, children_, configuration.python,
             surroundings_of(configuration, std::nullopt), *metrics_});
        for (media::ChainEntry& entry : entries) {
            if (entry.module->checks_files()) file_checkers_.push_back(entry.name);
            entry.module = std::make_shared<Witness>(entry.name, std::move(entry.module));
        }
        chain_.emplace(std::move(entries), background_, *metrics_);
    }
    ~DryHouse() {
        children_.stop();
        background_.cancel();
        static_cast<void>(background_.wait_until_empty(std::chrono::seconds(5)));
    }
    DryHouse(const DryHouse&) = delete;
    DryHouse& operator=(const DryHouse&) = delete;

    [[nodiscard]] const media::ModuleChain& chain() const { return *chain_; }
    /// The names of the modules that look at files.
    [[nodiscard]] const std::vector<std::string>& file_checkers() const { return file_checkers_; }

    /// Asks one callback of the whole chain, and prints what comes of it.
    template <class Value>
    void ask(const char* callback, async::Task<Value> question,
             const std::function<std::string(const Value&)>& describe) {
        std::printf("%s\n", callback);
        std::string outcome;
        try {
            outcome = describe(loop_.run(std::move(question)));
        } catch (const matrix::Error& error) {
            outcome = text_of(error);
        }
        for (const std::string& name : chain_->degraded()) {
            outcome += "; " + name + " failed or was late";
            has_failed_ = true;
        }
        std::printf("  => %s\n", outcome.c_str());
    }

    [[nodiscard]] bool has_failed() const { return has_failed_; }

  private:
    std::unique_ptr<base::Metrics> metrics_;
    std::unique_ptr<base::Clock> clock_;
    std::unique_ptr<base::RandomSource> random_;
    // Before the client, whose answers are posted to it.
    TaskLoop loop_;
    async::TaskGroup background_;
    std::unique_ptr<outbound::Client> client_;
    async::WorkerPool workers_;
    media::FileOffers files_;
    modules::Children children_;
    std::optional<media::ModuleChain> chain_;
    std::vector<std::string> file_checkers_;
    bool has_failed_ = false;
};

async::Task<bool> is_allowed(const media::ModuleChain& chain, media::UploadFacts facts) {
    co_await chain.require_upload_allowed(facts);
    co_return true;
}

std::string outcome_of(const std::vector<media::StorageQuota>& quotas, base::ByteCount size) {
    if (quotas.empty()) return "none";
    for (const media::StorageQuota& quota : quotas) {
        if ((quota.max_size && size > *quota.max_size) || (quota.max_files && *quota.max_files < 1))
            return "error 403 M_USER_LIMIT_EXCEEDED: more than all that may be stored";
    }
    return "what is stored already is not looked at here";
}

void ask_about_config(DryHouse& house, const matrix::UserId& user, base::ByteCount max_upload_size) {
    house.ask<std::optional<Json>>(
        "get_media_config_for_user", house.chain().media_config(user), [max_upload_size](const auto& config) {
            const Json fallback = {{"m.upload.size", max_upload_size.value()}};
            return config ? matrix::to_text(*config) : matrix::to_text(fallback) + ", as configured";
        });
}

/// What an upload asks before its body.
void ask_about_upload(DryHouse& house, const matrix::UserId& user, base::ByteCount size,
                      const std::vector<media::UploadLimit>& configured) {
    const media::ModuleChain& chain = house.chain();
    house.ask<bool>("is_user_allowed_to_upload_media_of_size",
                    is_allowed(chain, {user, size, "application/octet-stream", std::nullopt}),
                    [](bool) { return "allowed"; });
    house.ask<std::optional<std::vector<media::UploadLimit>>>(
        "get_media_upload_limits_for_user", chain.upload_limits(user, size),
        [&configured](const auto& limits) {
            return limits ? matrix::to_text(json_of(*limits))
                          : matrix::to_text(json_of(configured)) + ", as configured";
        });
    house.ask<std::vector<media::StorageQuota>>(
        "storage_quotas", chain.storage_quotas(user),
        [size](const auto& quotas) { return outcome_of(quotas, size); });
}

/// There is no file to look at.
void name_file_checkers(const DryHouse& house) {
    if (house.file_checkers().empty()) return;
    std::printf("check_media_file\n");
    for (const std::string& name : house.file_checkers())
        std::printf("  %-20s not asked here: it takes a file\n", name.c_str());
}

}  // namespace

ExitCode test_modules(const Configuration& configuration, const ModuleTest& test) {
    const std::optional<matrix::UserId> user = matrix::UserId::parse(test.user);
    if (!user) throw CommandError(ExitCode::usage, "--user is no Matrix user ID: expected @name:server");
    const std::optional<std::int64_t> bytes = parse_size(test.size);
    if (!bytes) throw CommandError(ExitCode::usage, "--size is no size: expected bytes, or 5K, 5M, 5G");
    const base::ByteCount size(*bytes);
    const media::UploadPolicy& uploads = configuration.uploads;
    DryHouse house(configuration);
    ask_about_config(house, *user, uploads.max_upload_size);
    if (size > uploads.max_upload_size) {
        std::printf("max_upload_size\n  => error 413 M_TOO_LARGE: %s bytes are allowed; nobody is asked\n",
                    std::to_string(uploads.max_upload_size.value()).c_str());
    } else {
        ask_about_upload(house, *user, size, uploads.limits);
        name_file_checkers(house);
    }
    return house.has_failed() ? ExitCode::unavailable : ExitCode::ok;
}

}  // namespace mxcd::app
