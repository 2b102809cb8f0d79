#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/moderation.hpp"
#include "mxcd/media/thumbnails.hpp"

#include "call.hpp"
#include "response_headers.hpp"

#include <optional>

namespace mxcd::api {

/// What server admins do to media: Synapse's routes below /_synapse/admin/v1 with Synapse's answers, for the
/// media that is here. With the header `X-Mxcd-Hand-Over` media that is not here is a 404 also where Synapse
/// says `{}`, so that a proxy can ask the homeserver. Media IDs that cannot be are always 404.
class AdminEndpoints {
  public:
    /// References must outlive it.
    AdminEndpoints(media::Moderation& moderation, media::Thumbnails& thumbnails,
                   const ResponseHeaders& headers)
        : moderation_(moderation), thumbnails_(thumbnails), headers_(headers) {}

    /// `{"media_info": {...}}`; of a picture that was decoded with `mxcd.picture`: `width` and `height` in
    /// pixels, upright, and `blurhash` or null.
    async::Task<http::Response> show(const Call& call) const;
    /// `{"deleted_media": [ID], "total": 1}`; 400 for media of another server.
    async::Task<http::Response> erase(const Call& call) const;

    /// Both `{}`, also for media of other servers and media that nobody knows.
    async::Task<http::Response> quarantine(const Call& call) const;
    async::Task<http::Response> unquarantine(const Call& call) const;
    /// Both `{}`; 404 M_UNKNOWN when nobody knows the media.
    async::Task<http::Response> protect(const Call& call) const;
    async::Task<http::Response> unprotect(const Call& call) const;

    /// `{"num_quarantined": N}`, 0 for users of other servers and users that nobody knows.
    async::Task<http::Response> quarantine_user(const Call& call) const;
    /// `{"media": [...], "total": N, "next_token": M}`, a page of at most 1000; 400 for users of other
    /// servers. Users who are not known here have no media: whether there are any is the homeserver's to say.
    async::Task<http::Response> user_media(const Call& call) const;
    /// Deletes such a page.
    async::Task<http::Response> erase_user_media(const Call& call) const;

  private:
    /// The media that the path names; nothing when it is not here.
    async::Task<std::optional<media::MediaRecord>> find(const Call& call) const;
    [[nodiscard]] http::Response nothing_to_change(const Call& call) const;
    async::Task<http::Response> set_protected(const Call& call, bool is_protected) const;

    media::Moderation& moderation_;
    media::Thumbnails& thumbnails_;
    const ResponseHeaders& headers_;
};

}  // namespace mxcd::api
