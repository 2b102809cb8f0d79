#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/arrivals.hpp"
#include "mxcd/media/downloads.hpp"

#include "call.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace mxcd::api {

/// Giving out media of our own server. Another server's name is 404 M_NOT_FOUND: federation comes later.
/// Spec: Client-Server API, GET /_matrix/client/v1/media/download/{serverName}/{mediaId}[/{fileName}].
class DownloadEndpoints {
  public:
    /// References must outlive it.
    DownloadEndpoints(media::Downloads& downloads, media::Arrivals& arrivals)
        : downloads_(downloads), arrivals_(arrivals) {}

    /// Media that is not uploaded yet is waited for. Conditional and range requests are judged last, when it
    /// is known that the caller may have the media.
    async::Task<http::Response> download(const Call& call) const;

  private:
    async::Task<std::optional<media::Download>> find(const Call& call, matrix::MediaId id,
                                                     std::chrono::milliseconds patience) const;

    media::Downloads& downloads_;
    media::Arrivals& arrivals_;
};

}  // namespace mxcd::api
