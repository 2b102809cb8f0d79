#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/pending_media.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace mxcd::media {

/// Requests that wait for the content of a media ID that was created, woken by the upload itself.
/// Thread-safe. Where several processes serve one database, each calls announce() for what the others have
/// filled.
class Arrivals {
  public:
    /// More than `max_waiting` requests never wait at once: those beyond are answered at once. References
    /// must outlive it.
    Arrivals(PendingMedia& pending, const base::Clock& clock, base::Metrics& metrics,
             std::size_t max_waiting = 1024);
    ~Arrivals();

    /// Returns when it is worth to look for the media again: at once unless the ID is pending, otherwise when
    /// it was filled or has expired. Throws matrix::Error 504 M_NOT_YET_UPLOADED after `patience`, or sooner
    /// when too many wait or stop() was called; base::ClientGone when `hang_up` has ended, which is only
    /// begun when there is something to wait for. Spec: Client-Server API, `timeout_ms`.
    async::Task<> await_content(matrix::MediaId id, std::chrono::milliseconds patience,
                                async::Task<> hang_up);

    /// Wakes whoever waits for this ID. Any thread.
    void announce(const matrix::MediaId& id);
    /// Wakes everybody, and nobody waits any more. Any thread.
    void stop();

  private:
    class Waiter;
    class Place;
    using Waiters = std::multimap<matrix::MediaId, std::shared_ptr<Waiter>>;

    async::Task<> wait_in_table(matrix::MediaId id, std::chrono::milliseconds patience);
    [[nodiscard]] bool is_stopped();

    PendingMedia& pending_;
    const base::Clock& clock_;
    const std::size_t max_waiting_;
    base::Gauge& waiting_;
    std::mutex mutex_;
    Waiters waiters_;  // each shared with the wake-up that is on its way to its thread
    bool is_stopped_ = false;
};

}  // namespace mxcd::media
