#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/uploads.hpp"

#include "call.hpp"
#include "response_headers.hpp"

namespace mxcd::api {

/// What clients may know of the limits. Spec: Client-Server API, GET /_matrix/client/v1/media/config.
class ConfigEndpoints {
  public:
    /// References must outlive it.
    ConfigEndpoints(const media::Uploads& uploads, const ResponseHeaders& headers)
        : uploads_(uploads), headers_(headers) {}

    /// The first module's answer is the whole body; without one it is the configured size.
    async::Task<http::Response> config(const Call& call) const;

  private:
    const media::Uploads& uploads_;
    const ResponseHeaders& headers_;
};

}  // namespace mxcd::api
