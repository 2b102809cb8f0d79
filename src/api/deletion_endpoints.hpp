#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/moderation.hpp"

#include "call.hpp"
#include "response_headers.hpp"

namespace mxcd::api {

/// Deleting what one has uploaded oneself: three proposals that are not in the specification yet, each behind
/// a switch of its own. Also open to suspended users.
class DeletionEndpoints {
  public:
    /// References must outlive it.
    DeletionEndpoints(media::Moderation& moderation, const ResponseHeaders& headers)
        : moderation_(moderation), headers_(headers) {}

    /// By its uploader or an admin. MSC2278, DELETE /_matrix/media/r0/download/{serverName}/{mediaId}.
    async::Task<http::Response> erase(const Call& call) const;
    /// By its uploader; what is not there any more is as it should be. MSC4322, POST .../media/redact/....
    async::Task<http::Response> redact(const Call& call) const;
    /// By its uploader, if it was uploaded as ephemeral. MSC4425.
    async::Task<http::Response> erase_ephemeral(const Call& call) const;

  private:
    media::Moderation& moderation_;
    const ResponseHeaders& headers_;
};

}  // namespace mxcd::api
