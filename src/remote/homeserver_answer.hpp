#pragma once

#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/token_authenticator.hpp"
#include "mxcd/outbound/client.hpp"

#include <string>

namespace mxcd::remote {

/// What the homeserver's answer to `/account/whoami` says. Throws matrix::Error when it refuses the token,
/// and base::UpstreamError when the answer does not decide: a client that hears M_UNKNOWN_TOKEN throws its
/// keys away, so only the homeserver itself may be the reason for it. Sets `user` and `is_guest`.
[[nodiscard]] media::Identity identity_in(const outbound::OutboundResponse& answer);

}  // namespace mxcd::remote
