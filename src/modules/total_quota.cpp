#include "mxcd/modules/builtin.hpp"

namespace mxcd::modules {

namespace {

class TotalQuota final : public media::MediaModule {
  public:
    explicit TotalQuota(const TotalQuotaConfig& config) : quota_{config.max_size, config.max_files} {}

    [[nodiscard]] bool answers_at_once() const override { return true; }
    [[nodiscard]] bool tells_config(const matrix::UserId&) const override { return false; }

    async::Task<std::vector<media::StorageQuota>> storage_quotas(matrix::UserId) override {
        co_return std::vector<media::StorageQuota>(1, quota_);
    }

  private:
    const media::StorageQuota quota_;
};

}  // namespace

std::shared_ptr<media::MediaModule> make_total_quota(const TotalQuotaConfig& config) {
    return std::make_shared<TotalQuota>(config);
}

}  // namespace mxcd::modules
