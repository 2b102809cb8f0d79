#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/thumbnails.hpp"

#include "call.hpp"

namespace mxcd::api {

/// Giving out thumbnails of media of our own server. Another server's name is 404 M_NOT_FOUND: federation
/// comes later. Spec: Client-Server API, GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}.
class ThumbnailEndpoints {
  public:
    /// The reference must outlive it.
    explicit ThumbnailEndpoints(media::Thumbnails& thumbnails) : thumbnails_(thumbnails) {}

    /// Conditional requests are judged last, when it is known that the caller may have the media.
    async::Task<http::Response> thumbnail(const Call& call) const;

  private:
    media::Thumbnails& thumbnails_;
};

}  // namespace mxcd::api
