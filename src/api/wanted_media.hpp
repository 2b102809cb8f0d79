#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/arrivals.hpp"
#include "mxcd/media/downloads.hpp"

#include "call.hpp"

#include <chrono>

namespace mxcd::api {

/// What the path and the query of a route that gives out media have in common.
struct WantedMedia {
    matrix::ServerName server;
    matrix::MediaId id;
    std::chrono::milliseconds patience;
};

/// Throws matrix::Error: 404 when it is no media ID, 400 for everything else that makes no sense.
[[nodiscard]] WantedMedia wanted_media(const Call& call);

/// Finds media of our own server for whoever may have it. Another server's name is 404 M_NOT_FOUND:
/// federation comes later.
class MediaFinder {
  public:
    /// References must outlive it.
    MediaFinder(media::Downloads& downloads, media::Arrivals& arrivals)
        : downloads_(downloads), arrivals_(arrivals) {}

    /// Waits for media that is not uploaded yet. A call without a caller came by one of the old routes: it
    /// gets what was uploaded before they were frozen, and what the operator exempts. Throws matrix::Error
    /// 404 M_NOT_FOUND, 504 M_NOT_YET_UPLOADED. Spec: Client-Server API, "Content repository", freeze.
    async::Task<media::Download> find(const Call& call, WantedMedia wanted) const;
    /// True when find() would find it at once; false says nothing.
    [[nodiscard]] bool knows(const Call& call, const WantedMedia& wanted) const;

  private:
    media::Downloads& downloads_;
    media::Arrivals& arrivals_;
};

}  // namespace mxcd::api
