#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/thumbnails.hpp"

#include "call.hpp"
#include "wanted_media.hpp"

namespace mxcd::api {

/// Giving out thumbnails. Spec: Client-Server API, GET
/// /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}, and its predecessors below /_matrix/media.
class ThumbnailEndpoints {
  public:
    /// References must outlive it.
    ThumbnailEndpoints(media::Thumbnails& thumbnails, const MediaFinder& finder)
        : thumbnails_(thumbnails), finder_(finder) {}

    /// Conditional requests are judged last, when it is known that the caller may have the media.
    async::Task<http::Response> thumbnail(const Call& call) const;

  private:
    media::Thumbnails& thumbnails_;
    const MediaFinder& finder_;
};

}  // namespace mxcd::api
