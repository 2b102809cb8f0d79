#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/uploads.hpp"

#include "call.hpp"
#include "response_headers.hpp"

namespace mxcd::api {

/// Taking in media. Spec: Client-Server API, POST /_matrix/media/v3/upload, POST /_matrix/media/v1/create,
/// PUT
/// /_matrix/media/v3/upload/{serverName}/{mediaId}.
class UploadEndpoints {
  public:
    /// References must outlive it.
    UploadEndpoints(media::Uploads& uploads, const ResponseHeaders& headers)
        : uploads_(uploads), headers_(headers) {}

    async::Task<http::Response> upload(const Call& call) const;
    /// The request's body, if any, says nothing.
    async::Task<http::Response> create(const Call& call) const;
    /// The state of the media ID is judged before everything that concerns the content.
    async::Task<http::Response> upload_to(const Call& call) const;

  private:
    [[nodiscard]] media::UploadRequest request_of(const Call& call) const;
    [[nodiscard]] std::optional<std::string> file_name_of(const http::Request& request) const;

    media::Uploads& uploads_;
    const ResponseHeaders& headers_;
};

}  // namespace mxcd::api
