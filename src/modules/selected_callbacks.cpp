#include "mxcd/modules/selected_callbacks.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mxcd::modules {

namespace {

using media::MediaModule;

/// The tasks of the inner module are handed on as they are: this object need not live as long as they do.
class SelectedCallbacks final : public MediaModule {
  public:
    SelectedCallbacks(std::shared_ptr<MediaModule> module, const std::vector<std::string>& callbacks)
        : module_(std::move(module)) {
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

    [[nodiscard]] bool answers_at_once() const override { return module_->answers_at_once(); }
    [[nodiscard]] bool is_down() const override { return module_->is_down(); }
    [[nodiscard]] bool tells_config(const matrix::UserId& user) const override {
        return tells_config_ && module_->tells_config(user);
    }
    async::Task<std::optional<matrix::Json>> media_config(matrix::UserId user) override {
        if (!tells_config_) return MediaModule::media_config(std::move(user));
        return module_->media_config(std::move(user));
    }
    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        if (!allows_uploads_) return MediaModule::is_upload_allowed(std::move(facts));
        return module_->is_upload_allowed(std::move(facts));
    }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount size) override {
        if (!tells_limits_) return MediaModule::upload_limits(std::move(user), size);
        return module_->upload_limits(std::move(user), size);
    }
    async::Task<std::vector<media::StorageQuota>> storage_quotas(matrix::UserId user) override {
        return module_->storage_quotas(std::move(user));
    }
    async::Task<media::FileVerdict> check_file(media::FileFacts facts) override {
        if (!checks_files_) return MediaModule::check_file(std::move(facts));
        return module_->check_file(std::move(facts));
    }
    [[nodiscard]] bool checks_files() const override { return checks_files_ && module_->checks_files(); }
    async::Task<> limit_exceeded(media::LimitEvent event) override {
        if (!hears_limits_) return MediaModule::limit_exceeded(std::move(event));
        return module_->limit_exceeded(std::move(event));
    }
    async::Task<> media_uploaded(matrix::UserId user, matrix::MediaId media, base::ByteCount size) override {
        if (!hears_uploads_) return MediaModule::media_uploaded(std::move(user), std::move(media), size);
        return module_->media_uploaded(std::move(user), std::move(media), size);
    }
    async::Task<> media_deleted(matrix::MediaId media) override {
        if (!hears_deletions_) return MediaModule::media_deleted(std::move(media));
        return module_->media_deleted(std::move(media));
    }

  private:
    std::shared_ptr<MediaModule> module_;  // shared with the chain's calls, as every module is
    bool tells_config_ = false;
    bool allows_uploads_ = false;
    bool tells_limits_ = false;
    bool hears_limits_ = false;
    bool checks_files_ = false;
    bool hears_uploads_ = false;
    bool hears_deletions_ = false;
};

}  // namespace

std::shared_ptr<MediaModule> select_callbacks(std::shared_ptr<MediaModule> module,
                                              const std::vector<std::string>& callbacks) {
    return std::make_shared<SelectedCallbacks>(std::move(module), callbacks);
}

}  // namespace mxcd::modules
