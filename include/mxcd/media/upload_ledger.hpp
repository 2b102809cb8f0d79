#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/upload_limit.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace mxcd::media {

class UploadLedger;

/// Names a reservation within the process that made it.
enum class ReservationId : std::uint64_t {};

/// Bytes set aside in all of a user's windows until the upload settles or gives up. Giving up is the default:
/// the destructor releases, also when a task is cancelled. Movable; the ledger must outlive it.
class Reservation {
  public:
    Reservation(UploadLedger& ledger, ReservationId id) : ledger_(&ledger), id_(id) {}
    ~Reservation() { release(); }
    Reservation(Reservation&& other) noexcept
        : ledger_(std::exchange(other.ledger_, nullptr)), id_(other.id_) {}
    Reservation& operator=(Reservation&& other) noexcept {
        if (this != &other) {
            release();
            ledger_ = std::exchange(other.ledger_, nullptr);
            id_ = other.id_;
        }
        return *this;
    }
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;

    [[nodiscard]] ReservationId id() const { return id_; }
    /// The reservation was settled by MetadataStore::record_upload: nothing is left to release.
    void settled() { ledger_ = nullptr; }

  private:
    void release();

    UploadLedger* ledger_;
    ReservationId id_;
};

struct ReserveRequest {
    matrix::UserId user;
    base::ByteCount size;
    std::vector<UploadLimit> limits;   // every one applies
    std::vector<StorageQuota> quotas;  // every one applies
};

/// Which limit has no room. Of several broken windows the one with the longest period is told; ties: the
/// first.
struct LimitRefusal {
    UploadLimit limit;
    base::ByteCount sent;  // completed plus reserved bytes in that window
    /// When an upload of the attempted size will fit if nothing else is uploaded; nothing when it never will.
    std::optional<base::TimePoint> room_at;
};

/// Which quota has no room; windows are judged first.
struct QuotaRefusal {
    StorageQuota quota;
    base::ByteCount stored;  // completed plus reserved
    std::int64_t files = 0;
};

using ReserveOutcome = std::variant<Reservation, LimitRefusal, QuotaRefusal>;

struct WindowUsage {
    UploadLimit limit;
    base::ByteCount sent;                         // completed within the window
    base::ByteCount reserved;                     // in flight
    std::optional<base::TimePoint> next_room_at;  // when the oldest bytes of the window leave it
};

/// What of a user is there now, whatever the windows.
struct StoredMedia {
    base::ByteCount bytes;
    std::int64_t files = 0;
};

/// Per-user totals over time: exact under concurrency, append-only, with a running total per entry so that a
/// check costs two look-ups whatever the history. A window counts entries with `sent_at > now - time_period`;
/// an upload counts from the moment it completed. `now` never runs backwards. Zero bytes always fit the
/// windows. Any thread may call; tasks resume on the caller's io thread. Throws base::StorageError,
/// base::Overloaded.
class UploadLedger {
  public:
    virtual ~UploadLedger() = default;

    /// Reserves `size` in every window and quota at once, or in none.
    virtual async::Task<ReserveOutcome> reserve(ReserveRequest request) = 0;
    /// What reserve() would refuse with, reserving nothing: for chunked uploads whose size is not yet known.
    virtual async::Task<std::optional<LimitRefusal>> check(ReserveRequest request) = 0;
    /// Gives the bytes back. Idempotent, never blocks, any thread.
    virtual void release(ReservationId id) noexcept = 0;
    virtual async::Task<std::vector<WindowUsage>> usage(matrix::UserId user,
                                                        std::vector<UploadLimit> limits) = 0;
    virtual async::Task<StoredMedia> stored(matrix::UserId user) = 0;
};

inline void Reservation::release() {
    if (ledger_ != nullptr) std::exchange(ledger_, nullptr)->release(id_);
}

}  // namespace mxcd::media
