#include "mxcd/base/text.hpp"
#include "mxcd/modules/builtin.hpp"

#include <algorithm>
#include <regex>
#include <stdexcept>
#include <utility>

namespace mxcd::modules {

namespace {

// A user chooses their own user ID, and a backtracking matcher can be made to take for ever over 255 bytes.
// Where the library offers a matcher with a polynomial bound, it is the one to use.
#ifdef __GLIBCXX__
constexpr auto regex_flags = std::regex_constants::ECMAScript | std::regex_constants::__polynomial;
#else
constexpr auto regex_flags = std::regex_constants::ECMAScript;
#endif

/// A rule with everything prepared that does not depend on the user.
class PreparedTier {
  public:
    PreparedTier(UserTier tier, base::ByteCount global_max) : tier_(std::move(tier)) {
        if (tier_.user_regex) regex_.emplace(*tier_.user_regex, regex_flags);
        if (tier_.config || !tier_.max_upload_size) return;
        matrix::Json config = matrix::Json::object();
        config["m.upload.size"] = std::min(*tier_.max_upload_size, global_max).value();
        tier_.config = std::move(config);
    }

    [[nodiscard]] bool matches(const matrix::UserId& user) const {
        if (tier_.user && !base::glob_matches(*tier_.user, user.text())) return false;
        if (tier_.server && !base::glob_matches(*tier_.server, user.server())) return false;
        return !regex_ || std::regex_match(user.text(), *regex_);
    }
    [[nodiscard]] const UserTier& rule() const { return tier_; }

  private:
    UserTier tier_;
    std::optional<std::regex> regex_;
};

class UserTiers final : public media::MediaModule {
  public:
    explicit UserTiers(const UserTiersConfig& config) {
        for (const UserTier& rule : config.rules) tiers_.emplace_back(rule, config.max_upload_size);
    }

    [[nodiscard]] bool answers_at_once() const override { return true; }

    [[nodiscard]] bool tells_config(const matrix::UserId& user) const override {
        const UserTier* const tier = tier_of(user);
        return tier != nullptr && tier->config;
    }
    async::Task<std::optional<matrix::Json>> media_config(matrix::UserId user) override {
        const UserTier* const tier = tier_of(user);
        co_return tier == nullptr ? std::nullopt : tier->config;
    }

    async::Task<bool> is_upload_allowed(media::UploadFacts facts) override {
        const UserTier* const tier = tier_of(facts.user);
        co_return tier == nullptr || !tier->max_upload_size || facts.size <= *tier->max_upload_size;
    }

    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId user,
                                                                              base::ByteCount) override {
        const UserTier* const tier = tier_of(user);
        co_return tier == nullptr ? std::nullopt : tier->media_upload_limits;
    }

  private:
    /// The first rule that matches, or null.
    [[nodiscard]] const UserTier* tier_of(const matrix::UserId& user) const {
        const auto found = std::find_if(tiers_.begin(), tiers_.end(),
                                        [&user](const PreparedTier& tier) { return tier.matches(user); });
        return found == tiers_.end() ? nullptr : &found->rule();
    }

    std::vector<PreparedTier> tiers_;
};

}  // namespace

bool is_valid_regex(const std::string& pattern) {
    try {
        static_cast<void>(std::regex(pattern, regex_flags));
        return true;
    } catch (const std::regex_error&) {
        return false;
    }
}

std::shared_ptr<media::MediaModule> make_user_tiers(const UserTiersConfig& config) {
    return std::make_shared<UserTiers>(config);
}

}  // namespace mxcd::modules
