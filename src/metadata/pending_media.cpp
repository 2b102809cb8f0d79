#include "pending_media.hpp"

#include "group_commit.hpp"
#include "record_upload.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace mxcd::metadata {

namespace {

/// Each creation takes away more expired IDs than it adds, so they cannot pile up.
constexpr std::int64_t swept_at_once = 32;

class CreatePending final : public Write {
  public:
    CreatePending(media::CreateRequest request, const base::Clock& clock, const PendingClaims& claims,
                  async::Resume<media::CreateOutcome> resume)
        : request_(std::move(request)), clock_(clock), claims_(claims), resume_(std::move(resume)) {}

    void apply(Store& store) override {
        const base::TimePoint now = clock_.now();
        sweep(store.pending, now);
        if (store.pending.insert(request_, now)) {
            outcome_ = media::Created{now + request_.lifetime};
            return;
        }
        const base::TimePoint room_at =
            store.pending.first_expiry(request_.user, now).value_or(now + request_.lifetime);
        outcome_ = media::TooManyPending{room_at - now};
    }
    void answer(std::exception_ptr failure) noexcept override {
        if (failure) {
            resume_.with_error(std::move(failure));
        } else {
            resume_.with(outcome_);
        }
    }

  private:
    void sweep(PendingTables& pending, base::TimePoint now) const {
        for (const matrix::MediaId& id : pending.expired(now, swept_at_once))
            if (!claims_.contains(id)) pending.sweep(id);
    }

    media::CreateRequest request_;
    const base::Clock& clock_;
    const PendingClaims& claims_;
    async::Resume<media::CreateOutcome> resume_;
    media::CreateOutcome outcome_;
};

}  // namespace

bool PendingClaims::add(const matrix::MediaId& id) {
    const std::lock_guard lock(mutex_);
    return claimed_.insert(id).second;
}

bool PendingClaims::contains(const matrix::MediaId& id) const {
    const std::lock_guard lock(mutex_);
    return claimed_.contains(id);
}

void PendingClaims::remove(const matrix::MediaId& id) noexcept {
    const std::lock_guard lock(mutex_);
    claimed_.erase(id);
}

async::Task<media::CreateOutcome> SqlitePendingMedia::create(media::CreateRequest request) {
    auto start = [this, request = std::move(request)](async::Resume<media::CreateOutcome> resume) mutable {
        thread_.submit(
            std::make_unique<CreatePending>(std::move(request), clock_, claims_, std::move(resume)));
    };
    return async::suspend<media::CreateOutcome>(std::move(start));
}

async::Task<media::ClaimOutcome> SqlitePendingMedia::claim(matrix::MediaId id, matrix::UserId user) {
    return thread_.read([this, id = std::move(id), user = std::move(user)](Store& store) {
        return claim_in(store, id, user);
    });
}

media::ClaimOutcome SqlitePendingMedia::claim_in(Store& store, const matrix::MediaId& id,
                                                 const matrix::UserId& user) {
    using media::ClaimRefusal;
    const std::optional<PendingTables::Entry> entry = store.pending.find(id);
    if (!entry) {
        const std::optional<matrix::UserId> owner = store.media.owner_of(id);
        if (!owner) return ClaimRefusal::unknown;
        return *owner == user ? ClaimRefusal::has_content : ClaimRefusal::not_owner;
    }
    if (entry->expires_at <= clock_.now()) return ClaimRefusal::unknown;
    if (entry->user != user) return ClaimRefusal::not_owner;
    if (!claims_.add(id)) return ClaimRefusal::claimed;
    return media::PendingClaim(*this, id);
}

async::Task<> SqlitePendingMedia::fill(media::MediaRecord record, media::ReservationId reservation) {
    return thread_.write([this, record = std::move(record), reservation](async::Resume<void> resume) mutable {
        return std::make_unique<RecordUpload>(std::move(record), IdOrigin::pending, reservation,
                                              reservations_, std::move(resume));
    });
}

async::Task<std::optional<base::TimePoint>> SqlitePendingMedia::expiry_of(matrix::MediaId id) {
    return thread_.read([this, id = std::move(id)](Store& store) -> std::optional<base::TimePoint> {
        const std::optional<PendingTables::Entry> entry = store.pending.find(id);
        if (!entry || entry->expires_at <= clock_.now()) return std::nullopt;
        return entry->expires_at;
    });
}

}  // namespace mxcd::metadata
