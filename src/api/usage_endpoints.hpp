#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/usage.hpp"

#include "call.hpp"
#include "response_headers.hpp"

namespace mxcd::api {

/// Telling users what they have used. MSC4034, GET /_matrix/media/unstable/org.matrix.msc4034/usage.
class UsageEndpoints {
  public:
    /// References must outlive it.
    UsageEndpoints(const media::Usage& usage, const ResponseHeaders& headers)
        : usage_(usage), headers_(headers) {}

    /// MSC4034's `storage.used` and `storage.files`, and as `mxcd.limits` the windows: `time_period_ms`,
    /// `max_bytes`, `used_bytes` (completed), `reserved_bytes` (in flight), `room_returns_at` (milliseconds
    /// since the epoch, when the oldest bytes leave; absent while there are none), and the limit's own
    /// `info_uri` and `can_upgrade` where they are set.
    async::Task<http::Response> usage(const Call& call) const;

  private:
    const media::Usage& usage_;
    const ResponseHeaders& headers_;
};

}  // namespace mxcd::api
