#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/media_record.hpp"
#include "mxcd/media/upload_ledger.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

namespace mxcd::media {

class PendingMedia;

/// The right to fill one media ID, held by one upload at a time. The destructor gives it back: then the ID is
/// as pending as before, unless it was filled. Movable; the PendingMedia must outlive it.
class PendingClaim {
  public:
    PendingClaim(PendingMedia& pending, matrix::MediaId id) : pending_(&pending), id_(std::move(id)) {}
    ~PendingClaim() { release(); }
    PendingClaim(PendingClaim&& other) noexcept
        : pending_(std::exchange(other.pending_, nullptr)), id_(std::move(other.id_)) {}
    PendingClaim& operator=(PendingClaim&& other) noexcept {
        if (this != &other) {
            release();
            pending_ = std::exchange(other.pending_, nullptr);
            id_ = std::move(other.id_);
        }
        return *this;
    }
    PendingClaim(const PendingClaim&) = delete;
    PendingClaim& operator=(const PendingClaim&) = delete;

    [[nodiscard]] const matrix::MediaId& id() const { return id_; }

  private:
    void release();

    PendingMedia* pending_;
    matrix::MediaId id_;
};

enum class ClaimRefusal : std::uint8_t {
    unknown,      // never created, or expired
    not_owner,    // somebody else's
    has_content,  // filled already, or never pending
    claimed,      // another upload to it is under way
};
using ClaimOutcome = std::variant<PendingClaim, ClaimRefusal>;

struct CreateRequest {
    matrix::MediaId id;
    matrix::UserId user;
    std::chrono::milliseconds lifetime;
    std::int64_t max_pending;   // of this user, this one included
    bool is_ephemeral = false;  // what it is filled with
};

struct Created {
    base::TimePoint expires_at;
};
struct TooManyPending {
    std::chrono::milliseconds wait;  // until the first of them expires; at least 1
};
using CreateOutcome = std::variant<Created, TooManyPending>;

/// Media IDs that were created and wait for their content. Expired ones are as if they had never been. Any
/// thread may call; tasks resume on the caller's io thread. Throws base::StorageError, base::Overloaded.
/// Spec: Client-Server API, "Uploading to an mxc:// URI later"; MSC2246.
class PendingMedia {
  public:
    virtual ~PendingMedia() = default;

    /// Durable when the task resumes, so that an ID that was handed out stays its user's.
    virtual async::Task<CreateOutcome> create(CreateRequest request) = 0;
    /// One of several claims at the same time succeeds. A claim ends with its process at the latest. An ID
    /// that expires while it is claimed can still be filled.
    virtual async::Task<ClaimOutcome> claim(matrix::MediaId id, matrix::UserId user) = 0;
    /// Gives a claim back. Never blocks, any thread.
    virtual void release(const matrix::MediaId& id) noexcept = 0;

    /// MetadataStore::record_upload() for an ID that the caller has claimed: it is pending no more in the
    /// same transaction. It is ephemeral if it was created so.
    virtual async::Task<> fill(MediaRecord record, ReservationId reservation) = 0;

    /// When a pending ID expires; nothing for any other.
    virtual async::Task<std::optional<base::TimePoint>> expiry_of(matrix::MediaId id) = 0;
};

inline void PendingClaim::release() {
    if (pending_ != nullptr) std::exchange(pending_, nullptr)->release(id_);
}

}  // namespace mxcd::media
