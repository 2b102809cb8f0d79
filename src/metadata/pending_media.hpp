#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/media/pending_media.hpp"

#include "database_thread.hpp"
#include "reservations.hpp"

#include <mutex>
#include <unordered_set>

namespace mxcd::metadata {

/// The media IDs that uploads are filling. They live in memory only: the process has the database to itself,
/// so its end ends them too, and an upload waits for no flush before its body. Thread-safe.
class PendingClaims {
  public:
    /// False when it is claimed already.
    [[nodiscard]] bool add(const matrix::MediaId& id);
    [[nodiscard]] bool contains(const matrix::MediaId& id) const;
    void remove(const matrix::MediaId& id) noexcept;

  private:
    mutable std::mutex mutex_;
    std::unordered_set<matrix::MediaId> claimed_;
};

/// The rows about media IDs that wait for their content, behind the database's thread.
class SqlitePendingMedia final : public media::PendingMedia {
  public:
    /// References must outlive it.
    SqlitePendingMedia(DatabaseThread& thread, const base::Clock& clock, Reservations& reservations)
        : thread_(thread), clock_(clock), reservations_(reservations) {}

    async::Task<media::CreateOutcome> create(media::CreateRequest request) override;
    async::Task<media::ClaimOutcome> claim(matrix::MediaId id, matrix::UserId user) override;
    void release(const matrix::MediaId& id) noexcept override { claims_.remove(id); }
    async::Task<> fill(media::MediaRecord record, media::ReservationId reservation) override;
    async::Task<std::optional<base::TimePoint>> expiry_of(matrix::MediaId id) override;

  private:
    [[nodiscard]] media::ClaimOutcome claim_in(Store& store, const matrix::MediaId& id,
                                               const matrix::UserId& user);

    DatabaseThread& thread_;
    const base::Clock& clock_;
    Reservations& reservations_;
    PendingClaims claims_;
};

}  // namespace mxcd::metadata
