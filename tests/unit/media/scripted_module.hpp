#pragma once

#include "mxcd/async/timeout.hpp"
#include "mxcd/media/media_module.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace mxcd::test {

/// How a module takes a call.
enum class Mood { answers, fails, refuses, hangs };

struct Uploaded {
    matrix::UserId user;
    matrix::MediaId media;
    base::ByteCount size;
};

/// A module that answers as it is told, and remembers what it was asked. Set it up before it is used.
class ScriptedModule final : public media::MediaModule {
  public:
    bool at_once = true;
    bool looks_at_files = false;
    std::optional<matrix::Json> config;
    bool allows = true;
    std::optional<std::vector<media::UploadLimit>> limits;
    std::vector<media::StorageQuota> quotas;
    media::FileVerdict verdict;
    std::atomic<Mood> mood = Mood::answers;

    [[nodiscard]] std::vector<std::string> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }
    [[nodiscard]] std::vector<media::UploadFacts> uploads() const {
        const std::lock_guard lock(mutex_);
        return uploads_;
    }
    [[nodiscard]] std::vector<media::FileFacts> files() const {
        const std::lock_guard lock(mutex_);
        return files_;
    }
    [[nodiscard]] std::vector<media::LimitEvent> events() const {
        const std::lock_guard lock(mutex_);
        return events_;
    }
    [[nodiscard]] std::vector<Uploaded> uploaded() const {
        const std::lock_guard lock(mutex_);
        return uploaded_;
    }

    [[nodiscard]] bool answers_at_once() const override { return at_once; }
    [[nodiscard]] bool checks_files() const override { return looks_at_files; }

    async::Task<std::optional<matrix::Json>> media_config(matrix::UserId user) override {
        note("config " + user.text());
        co_await behave();
        co_return config;
    }
    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        note("allowed", uploads_, facts);
        co_await behave();
        co_return allows;
    }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount) override {
        note("limits " + user.text());
        co_await behave();
        co_return limits;
    }
    async::Task<std::vector<media::StorageQuota>> storage_quotas(matrix::UserId) override {
        note("quotas");
        co_await behave();
        co_return quotas;
    }
    async::Task<media::FileVerdict> check_file(media::FileFacts facts) override {
        note("file", files_, facts);
        co_await behave();
        co_return verdict;
    }
    async::Task<> limit_exceeded(media::LimitEvent event) override {
        note("exceeded", events_, event);
        co_await behave();
    }
    async::Task<> media_uploaded(matrix::UserId user, matrix::MediaId media, base::ByteCount size) override {
        note("uploaded", uploaded_, Uploaded{user, media, size});
        co_await behave();
    }
    async::Task<> media_deleted(matrix::MediaId media) override {
        note("deleted " + media.text());
        co_await behave();
    }

  private:
    void note(const std::string& call) {
        const std::lock_guard lock(mutex_);
        asked_.push_back(call);
    }
    template <class Fact>
    void note(const std::string& call, std::vector<Fact>& facts, const Fact& fact) {
        const std::lock_guard lock(mutex_);
        facts.push_back(fact);
        asked_.push_back(call);
    }

    async::Task<> behave() {
        const Mood now = mood;
        if (now == Mood::fails) throw std::runtime_error("the module is broken");
        if (now == Mood::refuses) throw matrix::Error(451, "ORG_EXAMPLE_NO", "not in this country");
        if (now != Mood::hangs) co_return;
        const async::Executor home = co_await async::asio::this_coro::executor;
        async::Timer timer(home, std::chrono::hours(1));
        co_await timer.async_wait(async::use_task);
    }

    mutable std::mutex mutex_;
    std::vector<std::string> asked_;
    std::vector<media::UploadFacts> uploads_;
    std::vector<media::FileFacts> files_;
    std::vector<media::LimitEvent> events_;
    std::vector<Uploaded> uploaded_;
};

}  // namespace mxcd::test
