#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/thumbnails.hpp"
#include "mxcd/media/uploads.hpp"

#include "call.hpp"
#include "response_headers.hpp"

namespace mxcd::api {

/// Taking in media. Spec: Client-Server API, POST /_matrix/media/v3/upload, POST /_matrix/media/v1/create,
/// PUT /_matrix/media/v3/upload/{serverName}/{mediaId}. With MSC2448 an upload that says
/// `xyz.amorgan.generate_blurhash=true` is answered with the BlurHash of its image, if that is known soon.
class UploadEndpoints {
  public:
    /// References must outlive it.
    UploadEndpoints(media::Uploads& uploads, media::Thumbnails& thumbnails, const ResponseHeaders& headers)
        : uploads_(uploads), thumbnails_(thumbnails), headers_(headers) {}

    async::Task<http::Response> upload(const Call& call) const;
    /// The request's body, if any, says nothing.
    async::Task<http::Response> create(const Call& call) const;
    /// The state of the media ID is judged before everything that concerns the content.
    async::Task<http::Response> upload_to(const Call& call) const;

  private:
    async::Task<http::Response> stored(const Call& call, matrix::MediaId id, matrix::Json answer) const;
    [[nodiscard]] media::UploadRequest request_of(const Call& call) const;
    [[nodiscard]] std::optional<std::string> file_name_of(const http::Request& request) const;

    media::Uploads& uploads_;
    media::Thumbnails& thumbnails_;
    const ResponseHeaders& headers_;
};

}  // namespace mxcd::api
