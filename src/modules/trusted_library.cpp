#include "trusted_library.hpp"

#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"

#include "callback_json.hpp"
#include "child_log.hpp"
#include "plugin.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>

#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;
using Moment = PluginCalls::Moment;

/// A task that waits for an answer, which may be there before it begins to wait.
class WaitingTask final : public PluginCaller, public std::enable_shared_from_this<WaitingTask> {
  public:
    WaitingTask(async::Executor home, Moment deadline) : home_(home), deadline_(deadline) {}

    void take(PluginAnswer answer) override {
        const std::lock_guard lock(mutex_);
        if (is_abandoned_) return;
        answer_ = std::move(answer);
        if (alarm_) async::asio::post(home_, [self = shared_from_this()] { self->end_wait(); });
    }

    /// Throws operation_aborted. Ends at the deadline at the latest, so that a plugin that never answers
    /// collects no calls.
    async::Task<PluginAnswer> answer() {
        if (begin_to_wait()) {
            boost::system::error_code ended;
            co_await alarm_->async_wait(async::asio::redirect_error(async::use_task, ended));
            if (!is_answered()) {
                if (ended) throw boost::system::system_error(ended);
                co_return PluginFailure{"it did not answer in time"};
            }
        }
        co_return *std::move(answer_);
    }

    /// Nobody waits any more. The io context may go before the last who shares this task, the plugin's thread
    /// that has just answered for instance; so nothing is posted to it from here on, and its timer goes now.
    void abandon() {
        const std::lock_guard lock(mutex_);
        is_abandoned_ = true;
        alarm_.reset();
    }

  private:
    /// False when the answer is there.
    bool begin_to_wait() {
        const std::lock_guard lock(mutex_);
        if (answer_) return false;
        alarm_.emplace(home_, deadline_);
        return true;
    }
    void end_wait() {
        if (alarm_) alarm_->cancel();
    }
    bool is_answered() {
        const std::lock_guard lock(mutex_);
        return answer_.has_value();
    }

    const async::Executor home_;
    const Moment deadline_;
    std::mutex mutex_;
    std::optional<PluginAnswer> answer_;
    std::optional<async::Timer> alarm_;
    bool is_abandoned_ = false;
};

/// A call that is under way, until it is answered or its task ends otherwise.
class OpenCall {
  public:
    OpenCall(PluginCalls& calls, async::Executor home, Moment deadline)
        : calls_(calls),
          task_(std::make_shared<WaitingTask>(home, deadline)),
          number_(calls.open(task_, deadline)) {}
    ~OpenCall() {
        calls_.forget(number_);
        task_->abandon();
    }
    OpenCall(const OpenCall&) = delete;
    OpenCall& operator=(const OpenCall&) = delete;

    [[nodiscard]] std::uint64_t number() const { return number_; }
    async::Task<PluginAnswer> answer() { return task_->answer(); }

  private:
    PluginCalls& calls_;
    const std::shared_ptr<WaitingTask> task_;  // shared with an answer that comes just now
    const std::uint64_t number_;
};

/// The value in an answer. Throws the plugin's own matrix::Error, BadAnswer, UpstreamError.
Json value_of(PluginAnswer answer) {
    if (const auto* const failure = std::get_if<PluginFailure>(&answer))
        throw base::UpstreamError(failure->reason);
    if (const auto* const refusal = std::get_if<PluginRefusal>(&answer)) throw error_of(refusal->error);
    return std::get<PluginResult>(std::move(answer)).value;
}

/// A descriptor of the plugin's own.
int duplicate_of(const media::OpenBlob& file) {
    const int descriptor = fcntl(file.file->get(), F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) throw base::StorageError("no descriptor is left for a file that is being checked");
    return descriptor;
}

const char* text_or_null(const std::optional<std::string>& text) { return text ? text->c_str() : nullptr; }

mxcd_limit limit_of(const media::UploadLimit& limit) {
    mxcd_limit told{};
    told.struct_size = sizeof told;
    told.can_upgrade = limit.can_upgrade ? 1 : 0;
    told.max_bytes = limit.max_size.value();
    told.time_period_ms = limit.time_period.count();
    told.info_uri = limit.info_uri.empty() ? nullptr : limit.info_uri.c_str();
    return told;
}

class TrustedLibrary final : public media::MediaModule {
  public:
    TrustedLibrary(std::shared_ptr<Plugin> plugin, std::chrono::milliseconds timeout)
        : plugin_(std::move(plugin)), timeout_(timeout) {}

    [[nodiscard]] bool checks_files() const override { return plugin_->table().check_media_file != nullptr; }

    async::Task<std::optional<Json>> media_config(matrix::UserId user) override {
        const auto callback = plugin_->table().get_media_config_for_user;
        if (callback == nullptr) co_return std::nullopt;
        const mxcd_user question{sizeof question, user.text().c_str()};
        const Json answer = co_await ask(callback, question);
        co_return config_of(answer);
    }
    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        const auto callback = plugin_->table().is_user_allowed_to_upload_media_of_size;
        if (callback == nullptr) co_return true;
        const mxcd_upload question{sizeof question, facts.user.text().c_str(), facts.size.value()};
        const Json answer = co_await ask(callback, question);
        co_return boolean_of(answer);
    }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount size) override {
        const auto callback = plugin_->table().get_media_upload_limits_for_user;
        if (callback == nullptr) co_return std::nullopt;
        const mxcd_upload question{sizeof question, user.text().c_str(), size.value()};
        const Json answer = co_await ask(callback, question);
        co_return limits_of(answer);
    }
    async::Task<media::FileVerdict> check_file(media::FileFacts facts) override {
        const auto callback = plugin_->table().check_media_file;
        if (callback == nullptr) co_return media::FileAllowed{};
        const std::string sha256 = facts.blob.hex();
        mxcd_file question{};
        question.struct_size = sizeof question;
        question.user_id = facts.upload.user.text().c_str();
        question.media_id = facts.media.text().c_str();
        question.sha256 = sha256.c_str();
        question.size = facts.upload.size.value();
        question.declared_type = facts.upload.declared_type.c_str();
        question.sniffed_type = text_or_null(facts.sniffed_type);
        question.file_name = text_or_null(facts.upload.file_name);
        question.descriptor = duplicate_of(facts.file);
        const Json answer = co_await ask<const mxcd_file>(callback, question);
        co_return verdict_of(answer);
    }
    async::Task<> limit_exceeded(media::LimitEvent event) override {
        const auto callback = plugin_->table().on_media_upload_limit_exceeded;
        if (callback == nullptr) co_return;
        mxcd_limit limit = limit_of(event.limit);
        const mxcd_limit_exceeded told{sizeof told, event.user.text().c_str(), &limit, event.sent.value(),
                                       event.attempted.value()};
        co_await ask(callback, told);
    }
    async::Task<> media_uploaded(matrix::UserId user, matrix::MediaId media, base::ByteCount size) override {
        const auto callback = plugin_->table().on_media_uploaded;
        if (callback == nullptr) co_return;
        const mxcd_uploaded told{sizeof told, user.text().c_str(), media.text().c_str(), size.value()};
        co_await ask(callback, told);
    }
    async::Task<> media_deleted(matrix::MediaId media) override {
        const auto callback = plugin_->table().on_media_deleted;
        if (callback == nullptr) co_return;
        const mxcd_deleted told{sizeof told, media.text().c_str()};
        co_await ask(callback, told);
    }

  private:
    /// `arguments` are the awaiting caller's.
    template <class Arguments>
    async::Task<Json> ask(void (*callback)(void*, mxcd_call, Arguments*), Arguments& arguments) {
        const async::Executor home = co_await async::asio::this_coro::executor;
        const std::shared_ptr<Plugin> plugin = plugin_;
        OpenCall call(plugin->calls(), home, std::chrono::steady_clock::now() + timeout_);
        plugin->call(callback, call.number(), arguments);
        PluginAnswer answer = co_await call.answer();
        co_return value_of(std::move(answer));
    }

    const std::shared_ptr<Plugin> plugin_;  // shared with its calls
    const std::chrono::milliseconds timeout_;
};

/// Stopping a plugin may take a while, and the last to let go of it may be an io thread.
void stop_on_a_worker(async::WorkerPool& workers, std::unique_ptr<Plugin> plugin) {
    try {
        workers.submit([plugin = std::move(plugin)]() mutable { plugin.reset(); });
    } catch (const base::Overloaded&) {
        // Then it has been stopped here, with the job that nobody took.
    }
}

}  // namespace

std::shared_ptr<media::MediaModule> make_trusted_library(const LibraryConfig& config,
                                                         async::WorkerPool& workers) {
    const auto log = [name = config.name](base::LogLevel level, std::string_view text) {
        log_for_module(name, level, text);
    };
    auto plugin = std::make_unique<Plugin>(config.library, config.config, log);
    const auto stop = [&workers](Plugin* last) { stop_on_a_worker(workers, std::unique_ptr<Plugin>(last)); };
    return std::make_shared<TrustedLibrary>(std::shared_ptr<Plugin>(plugin.release(), stop), config.timeout);
}

}  // namespace mxcd::modules
