#include "mxcd/base/hash.hpp"
#include "mxcd/remote/authenticators.hpp"

#include "token_rules.hpp"

namespace mxcd::remote {

namespace {

class StaticAuthenticator final : public media::TokenAuthenticator {
  public:
    StaticAuthenticator(const AuthConfig& config, media::TokenAuthenticator* fallback)
        : config_(config), fallback_(fallback) {}

    std::optional<media::Identity> recall(const media::Credentials& credentials) override;
    async::Task<media::Identity> authenticate(media::Credentials credentials) override;

  private:
    [[nodiscard]] const StaticToken* find(const base::Secret& token) const;
    [[nodiscard]] media::Identity identity_of(const StaticToken& known) const;

    const AuthConfig config_;
    media::TokenAuthenticator* const fallback_;
};

/// Looks at every token, so that the time does not tell which one was close.
const StaticToken* StaticAuthenticator::find(const base::Secret& token) const {
    const StaticToken* found = nullptr;
    for (const StaticToken& known : config_.static_tokens)
        if (base::equal_in_constant_time(known.token.reveal(), token.reveal())) found = &known;
    return found;
}

media::Identity StaticAuthenticator::identity_of(const StaticToken& known) const {
    const bool is_admin = known.is_admin || is_listed_admin(config_, known.user);
    return {.user = known.user, .is_guest = known.is_guest, .is_admin = is_admin};
}

std::optional<media::Identity> StaticAuthenticator::recall(const media::Credentials& credentials) {
    if (const StaticToken* known = find(credentials.token)) return identity_of(*known);
    if (fallback_ == nullptr) throw unknown_token();
    return fallback_->recall(credentials);
}

async::Task<media::Identity> StaticAuthenticator::authenticate(media::Credentials credentials) {
    const StaticToken* known = find(credentials.token);
    if (known != nullptr) co_return identity_of(*known);
    if (fallback_ == nullptr) throw unknown_token();
    media::Identity identity = co_await fallback_->authenticate(std::move(credentials));
    co_return identity;
}

}  // namespace

std::unique_ptr<media::TokenAuthenticator> make_static_authenticator(const AuthConfig& config,
                                                                     media::TokenAuthenticator* fallback) {
    return std::make_unique<StaticAuthenticator>(config, fallback);
}

}  // namespace mxcd::remote
