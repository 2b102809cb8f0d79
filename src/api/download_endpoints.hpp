#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/downloads.hpp"

#include "call.hpp"

#include <optional>
#include <string>

namespace mxcd::api {

/// Giving out media of our own server. Another server's name is 404 M_NOT_FOUND: federation comes later.
/// Spec: Client-Server API, GET /_matrix/client/v1/media/download/{serverName}/{mediaId}[/{fileName}].
class DownloadEndpoints {
  public:
    /// The reference must outlive it.
    explicit DownloadEndpoints(media::Downloads& downloads) : downloads_(downloads) {}

    /// Conditional and range requests are judged last, when it is known that the caller may have the media.
    async::Task<http::Response> download(const Call& call) const;

  private:
    media::Downloads& downloads_;
};

}  // namespace mxcd::api
