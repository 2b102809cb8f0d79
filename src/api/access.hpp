#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/http/request.hpp"
#include "mxcd/media/token_authenticator.hpp"

#include "route_table.hpp"

#include <cstdint>
#include <optional>

namespace mxcd::api {

enum class QueryToken : std::uint8_t { refused, accepted };

/// What a request says about its sender. Throws matrix::Error 401 M_MISSING_TOKEN when it says nothing, or
/// not in exactly one place, or not as `Authorization: Bearer TOKEN`. Spec: Client-Server API, "Using access
/// tokens"; Application Service API, "Identity assertion".
[[nodiscard]] media::Credentials read_credentials(const http::Request& request, QueryToken query_token);

/// The one access check: who is asking, and may they use a route of this level at all.
class ClientAccess {
  public:
    ClientAccess(media::TokenAuthenticator& authenticator, base::Metrics& metrics);

    /// Who asks, when that is known without a task; otherwise nothing, and authenticate() finds out. Throws
    /// matrix::Error for refused callers.
    [[nodiscard]] std::optional<media::Identity> recall(const media::Credentials& credentials) const;
    /// Throws matrix::Error for refused callers, base::UpstreamError when nobody can tell who they are.
    async::Task<media::Identity> authenticate(media::Credentials credentials) const;
    /// Throws matrix::Error when `caller` may not use routes of this level, which is not `open`.
    void require_admitted(const media::Identity& caller, Access level) const;

  private:
    media::TokenAuthenticator& authenticator_;
    base::Counter& refused_;
    base::Counter& unavailable_;
    base::Counter& guests_;
    base::Counter& suspended_;
};

}  // namespace mxcd::api
