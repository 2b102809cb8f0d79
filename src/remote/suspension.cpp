#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"
#include "mxcd/base/text.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/remote/authenticators.hpp"

#include <array>
#include <atomic>
#include <optional>
#include <string_view>

namespace mxcd::remote {

namespace {

constexpr base::Logger logger("remote");

/// Where homeservers tell it, the standard's place first. All answer `{"suspended": bool, ...}`.
constexpr std::array<std::string_view, 2> places{"/_matrix/client/v1/admin/suspend/",
                                                 "/_synapse/admin/v2/users/"};

class SuspensionCheck final : public media::TokenAuthenticator {
  public:
    SuspensionCheck(const AuthConfig& config, outbound::Client& client, media::TokenAuthenticator& source)
        : config_(config), client_(client), source_(source) {}

    async::Task<media::Identity> authenticate(media::Credentials credentials) override;

  private:
    async::Task<bool> is_suspended(const matrix::UserId& user);
    [[nodiscard]] outbound::OutboundRequest question(std::string_view place,
                                                     const matrix::UserId& user) const;
    void note_silence(int status);

    const AuthConfig config_;
    outbound::Client& client_;
    media::TokenAuthenticator& source_;
    std::atomic<bool> is_told_ = true;
};

async::Task<media::Identity> SuspensionCheck::authenticate(media::Credentials credentials) {
    media::Identity identity = co_await source_.authenticate(std::move(credentials));
    // Guests write nothing anyway.
    if (!identity.is_guest) identity.is_suspended = co_await is_suspended(identity.user);
    co_return identity;
}

/// Nothing when this place does not tell.
std::optional<bool> answer_in(const outbound::OutboundResponse& answer) {
    if (answer.status >= 500 || answer.status == 429)
        throw base::UpstreamError("the homeserver answered a question about a suspension with status " +
                                  std::to_string(answer.status));
    if (answer.status != 200) return std::nullopt;
    const std::optional<matrix::Json> body = matrix::parse_json(answer.body);
    if (!body || !body->is_object()) return std::nullopt;
    return matrix::get_bool(*body, "suspended");
}

async::Task<bool> SuspensionCheck::is_suspended(const matrix::UserId& user) {
    int status = 0;
    for (const std::string_view place : places) {
        const outbound::OutboundResponse answer = co_await client_.send(question(place, user));
        const std::optional<bool> suspended = answer_in(answer);
        status = answer.status;
        if (!suspended) continue;
        is_told_ = true;
        co_return *suspended;
    }
    note_silence(status);
    co_return false;
}

outbound::OutboundRequest SuspensionCheck::question(std::string_view place,
                                                    const matrix::UserId& user) const {
    outbound::OutboundRequest request;
    request.url = config_.homeserver_url;
    while (request.url.ends_with('/')) request.url.pop_back();
    request.url.append(place).append(base::percent_encode(user.text()));
    request.headers.push_back("Authorization: Bearer " + std::string(config_.admin_token.reveal()));
    request.headers.emplace_back("Accept: application/json");
    request.deadline = config_.timeout;
    request.reach = outbound::Reach::operator_configured;
    return request;
}

/// Once, until it tells again.
void SuspensionCheck::note_silence(int status) {
    if (is_told_.exchange(false))
        logger.error("the homeserver does not tell who is suspended; is auth.admin_token an admin's?",
                     {{"status", std::int64_t{status}}});
}

}  // namespace

std::unique_ptr<media::TokenAuthenticator> make_suspension_check(const AuthConfig& config,
                                                                 outbound::Client& client,
                                                                 media::TokenAuthenticator& source) {
    return std::make_unique<SuspensionCheck>(config, client, source);
}

}  // namespace mxcd::remote
