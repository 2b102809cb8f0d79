#include "child_module.hpp"

#include "callback_json.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;

class ChildModule final : public media::MediaModule {
  public:
    explicit ChildModule(std::shared_ptr<Child> child) : child_(std::move(child)) {
        const std::vector<std::string>& callbacks = child_->callbacks();
        const auto has = [&callbacks](std::string_view name) {
            return std::find(callbacks.begin(), callbacks.end(), name) != callbacks.end();
        };
        tells_config_ = has("get_media_config_for_user");
        allows_uploads_ = has("is_user_allowed_to_upload_media_of_size");
        tells_limits_ = has("get_media_upload_limits_for_user");
        hears_limits_ = has("on_media_upload_limit_exceeded");
        checks_files_ = has("check_media_file");
        hears_uploads_ = has("on_media_uploaded");
        hears_deletions_ = has("on_media_deleted");
    }

    [[nodiscard]] bool is_down() const override { return !child_->is_up(); }
    [[nodiscard]] bool checks_files() const override { return checks_files_; }

    async::Task<std::optional<Json>> media_config(matrix::UserId user) override {
        if (!tells_config_) co_return std::nullopt;
        const Json answer = co_await ask("get_media_config_for_user", user_arguments(user));
        co_return config_of(answer);
    }
    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        if (!allows_uploads_) co_return true;
        const Json answer = co_await ask("is_user_allowed_to_upload_media_of_size", upload_arguments(facts));
        co_return boolean_of(answer);
    }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount size) override {
        if (!tells_limits_) co_return std::nullopt;
        Json arguments = user_arguments(user);
        arguments["size"] = size.value();
        const Json answer = co_await ask("get_media_upload_limits_for_user", std::move(arguments));
        co_return limits_of(answer);
    }
    async::Task<media::FileVerdict> check_file(media::FileFacts facts) override {
        if (!checks_files_) co_return media::FileAllowed{};
        Json arguments = file_arguments(facts);
        const Json answer = co_await child_->call("check_media_file", std::move(arguments), facts.file);
        co_return verdict_of(answer);
    }
    async::Task<> limit_exceeded(media::LimitEvent event) override {
        if (hears_limits_) co_await ask("on_media_upload_limit_exceeded", limit_arguments(event));
    }
    async::Task<> media_uploaded(matrix::UserId user, matrix::MediaId media, base::ByteCount size) override {
        if (hears_uploads_) co_await ask("on_media_uploaded", uploaded_arguments(user, media, size));
    }
    async::Task<> media_deleted(matrix::MediaId media) override {
        if (hears_deletions_) co_await ask("on_media_deleted", deleted_arguments(media));
    }

  private:
    async::Task<Json> ask(const char* callback, Json arguments) {
        return child_->call(callback, std::move(arguments), std::nullopt);
    }

    const std::shared_ptr<Child> child_;  // shared with other modules of an equal configuration
    bool tells_config_ = false;
    bool allows_uploads_ = false;
    bool tells_limits_ = false;
    bool hears_limits_ = false;
    bool checks_files_ = false;
    bool hears_uploads_ = false;
    bool hears_deletions_ = false;
};

}  // namespace

std::shared_ptr<media::MediaModule> make_child_module(std::shared_ptr<Child> child) {
    return std::make_shared<ChildModule>(std::move(child));
}

}  // namespace mxcd::modules
