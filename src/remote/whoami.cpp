#include "mxcd/base/text.hpp"
#include "mxcd/remote/authenticators.hpp"

#include "homeserver_answer.hpp"
#include "token_rules.hpp"

namespace mxcd::remote {

namespace {

class WhoamiAuthenticator final : public media::TokenAuthenticator {
  public:
    WhoamiAuthenticator(const AuthConfig& config, outbound::Client& client);

    async::Task<media::Identity> authenticate(media::Credentials credentials) override;

  private:
    [[nodiscard]] outbound::OutboundRequest question(const media::Credentials& credentials) const;

    const AuthConfig config_;
    std::string url_;
    outbound::Client& client_;
};

WhoamiAuthenticator::WhoamiAuthenticator(const AuthConfig& config, outbound::Client& client)
    : config_(config), url_(config.homeserver_url), client_(client) {
    while (url_.ends_with('/')) url_.pop_back();
    url_ += "/_matrix/client/v3/account/whoami";
}

outbound::OutboundRequest WhoamiAuthenticator::question(const media::Credentials& credentials) const {
    outbound::OutboundRequest request;
    request.url = url_;
    char separator = '?';
    const auto append = [&](std::string_view name, const std::optional<std::string>& value) {
        if (!value) return;
        request.url.append(1, separator).append(name).append("=").append(base::percent_encode(*value));
        separator = '&';
    };
    append("user_id", credentials.acting_user);
    append("device_id", credentials.acting_device);
    request.headers.push_back("Authorization: Bearer " + std::string(credentials.token.reveal()));
    request.headers.emplace_back("Accept: application/json");
    if (!credentials.client_address.empty())
        request.headers.push_back("X-Forwarded-For: " + credentials.client_address);
    request.deadline = config_.timeout;
    request.reach = outbound::Reach::operator_configured;
    return request;
}

async::Task<media::Identity> WhoamiAuthenticator::authenticate(media::Credentials credentials) {
    if (!can_be_a_token(credentials.token.reveal())) throw unknown_token();
    const outbound::OutboundResponse answer = co_await client_.send(question(credentials));
    media::Identity identity = identity_in(answer);
    identity.is_admin = is_listed_admin(config_, identity.user);
    co_return identity;
}

}  // namespace

std::unique_ptr<media::TokenAuthenticator> make_whoami_authenticator(const AuthConfig& config,
                                                                     outbound::Client& client) {
    return std::make_unique<WhoamiAuthenticator>(config, client);
}

}  // namespace mxcd::remote
