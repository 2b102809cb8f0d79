#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/arrivals.hpp"
#include "mxcd/media/thumbnails.hpp"

#include "call.hpp"

#include <chrono>
#include <optional>

namespace mxcd::api {

/// Giving out thumbnails of media of our own server. Another server's name is 404 M_NOT_FOUND: federation
/// comes later. Spec: Client-Server API, GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}.
class ThumbnailEndpoints {
  public:
    /// References must outlive it.
    ThumbnailEndpoints(media::Thumbnails& thumbnails, media::Arrivals& arrivals)
        : thumbnails_(thumbnails), arrivals_(arrivals) {}

    /// Media that is not uploaded yet is waited for. Conditional requests are judged last, when it is known
    /// that the caller may have the media.
    async::Task<http::Response> thumbnail(const Call& call) const;

  private:
    struct Wanted {
        media::ThumbnailForm form;
        std::chrono::milliseconds patience;
    };

    async::Task<std::optional<media::Thumbnail>> find(const Call& call, const matrix::MediaId& id,
                                                      Wanted wanted) const;

    media::Thumbnails& thumbnails_;
    media::Arrivals& arrivals_;
};

}  // namespace mxcd::api
