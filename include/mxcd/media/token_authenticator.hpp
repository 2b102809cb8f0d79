#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/secret.hpp"
#include "mxcd/matrix/ids.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace mxcd::media {

struct Identity {
    matrix::UserId user;
    bool is_guest = false;
    bool is_admin = false;
    /// May read, but not write. Spec: Client-Server API, "Account suspension".
    bool is_suspended = false;
    /// The longest time that this answer may be remembered; nothing: as long as the rememberer likes.
    std::optional<std::chrono::seconds> valid_for = std::nullopt;
};

/// Who asks, in the client's own words.
struct Credentials {
    base::Secret token;
    /// Application services: the user (and device) they act for. Query parameters `user_id`, `device_id`.
    std::optional<std::string> acting_user;
    std::optional<std::string> acting_device;
    /// For the homeserver's records (X-Forwarded-For); not part of what identifies the caller.
    std::string client_address;
};

/// Turns an access token into an identity. Any thread may call; tasks resume on the caller's io thread.
class TokenAuthenticator {
  public:
    virtual ~TokenAuthenticator() = default;

    /// The answer when it is known without asking anybody, which costs no task; nothing when authenticate()
    /// has to be awaited. Throws matrix::Error for a token that is known to be refused.
    virtual std::optional<Identity> recall(const Credentials& /*credentials*/) { return std::nullopt; }

    /// Throws matrix::Error when the token is refused (with the homeserver's own status, errcode, soft_logout
    /// and Retry-After), base::UpstreamError when nobody can tell: that is answered 503, never 401.
    virtual async::Task<Identity> authenticate(Credentials credentials) = 0;
};

}  // namespace mxcd::media
