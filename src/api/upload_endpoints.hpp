#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/uploads.hpp"

#include "call.hpp"
#include "response_headers.hpp"

namespace mxcd::api {

/// Taking in media. Spec: Client-Server API, POST /_matrix/media/v3/upload.
class UploadEndpoints {
  public:
    /// References must outlive it.
    UploadEndpoints(media::Uploads& uploads, const ResponseHeaders& headers)
        : uploads_(uploads), headers_(headers) {}

    async::Task<http::Response> upload(const Call& call) const;

  private:
    [[nodiscard]] std::optional<std::string> file_name_of(const http::Request& request) const;

    media::Uploads& uploads_;
    const ResponseHeaders& headers_;
};

}  // namespace mxcd::api
