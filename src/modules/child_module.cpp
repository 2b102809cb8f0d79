#include "child_module.hpp"

#include "mxcd/modules/selected_callbacks.hpp"

#include "callback_json.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mxcd::modules {

namespace {

using matrix::Json;

class ChildModule final : public media::MediaModule {
  public:
    explicit ChildModule(std::shared_ptr<Child> child) : child_(std::move(child)) {}

    [[nodiscard]] bool is_down() const override { return !child_->is_up(); }
    [[nodiscard]] bool checks_files() const override { return true; }

    async::Task<std::optional<Json>> media_config(matrix::UserId user) override {
        const Json answer = co_await ask("get_media_config_for_user", user_arguments(user));
        co_return config_of(answer);
    }
    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        const Json answer = co_await ask("is_user_allowed_to_upload_media_of_size", upload_arguments(facts));
        co_return boolean_of(answer);
    }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount size) override {
        Json arguments = user_arguments(user);
        arguments["size"] = size.value();
        const Json answer = co_await ask("get_media_upload_limits_for_user", std::move(arguments));
        co_return limits_of(answer);
    }
    async::Task<media::FileVerdict> check_file(media::FileFacts facts) override {
        Json arguments = file_arguments(facts);
        const Json answer = co_await child_->call("check_media_file", std::move(arguments), facts.file);
        co_return verdict_of(answer);
    }
    async::Task<> limit_exceeded(media::LimitEvent event) override {
        co_await ask("on_media_upload_limit_exceeded", limit_arguments(event));
    }
    async::Task<> media_uploaded(matrix::UserId user, matrix::MediaId media, base::ByteCount size) override {
        co_await ask("on_media_uploaded", uploaded_arguments(user, media, size));
    }
    async::Task<> media_deleted(matrix::MediaId media) override {
        co_await ask("on_media_deleted", deleted_arguments(media));
    }

  private:
    async::Task<Json> ask(const char* callback, Json arguments) {
        return child_->call(callback, std::move(arguments), std::nullopt);
    }

    const std::shared_ptr<Child> child_;  // shared with other modules of an equal configuration
};

}  // namespace

std::shared_ptr<media::MediaModule> make_child_module(const std::shared_ptr<Child>& child) {
    const std::vector<std::string>& callbacks = child->callbacks();
    return select_callbacks(std::make_shared<ChildModule>(child), callbacks);
}

}  // namespace mxcd::modules
