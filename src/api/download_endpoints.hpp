#pragma once

#include "mxcd/async/task.hpp"

#include "call.hpp"
#include "wanted_media.hpp"

namespace mxcd::api {

/// Giving out media. Spec: Client-Server API, GET
/// /_matrix/client/v1/media/download/{serverName}/{mediaId}[/{fileName}], and its predecessors below
/// /_matrix/media.
class DownloadEndpoints {
  public:
    /// The reference must outlive it.
    explicit DownloadEndpoints(const MediaFinder& finder) : finder_(finder) {}

    /// Conditional and range requests are judged last, when it is known that the caller may have the media.
    async::Task<http::Response> download(const Call& call) const;

  private:
    const MediaFinder& finder_;
};

}  // namespace mxcd::api
