#pragma once

#include "mxcd/async/task_group.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/snapshot.hpp"
#include "mxcd/media/token_authenticator.hpp"
#include "mxcd/outbound/client.hpp"
#include "mxcd/remote/authenticators.hpp"

#include <memory>
#include <vector>

namespace mxcd::app {

struct AuthenticationDependencies {
    outbound::Client& client;
    const base::Clock& clock;
    async::TaskGroup& background;
    base::Metrics& metrics;
};

/// The authenticators as configured: static tokens, then a cache over the homeserver (or introspection). A
/// reload replaces them while requests go on; the cache stays as long as what it asks stays the same.
class Authentication final : public media::TokenAuthenticator {
  public:
    Authentication(const remote::AuthConfig& config, AuthenticationDependencies dependencies);
    ~Authentication() override;

    std::optional<media::Identity> recall(const media::Credentials& credentials) override;
    async::Task<media::Identity> authenticate(media::Credentials credentials) override;

    /// Main thread.
    void reconfigure(const remote::AuthConfig& config);

    /// False while the last question to the homeserver found nobody who could tell. Asks nothing itself.
    [[nodiscard]] bool is_homeserver_answering() const;

  private:
    struct Upstream;
    Upstream& use_upstream(const remote::AuthConfig& config);

    struct Front;
    [[nodiscard]] Front make_front(const remote::AuthConfig& config);

    AuthenticationDependencies dependencies_;
    /// Those of older configurations stay, because questions in the background may still refer to their
    /// caches. One more only when a reload changes what is asked.
    std::vector<std::unique_ptr<Upstream>> upstreams_;
    base::Snapshot<Front> front_;  // the last: it is made of what is above
};

}  // namespace mxcd::app
