#include "record_upload.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace mxcd::metadata {

namespace {

/// Synapse's word for it.
constexpr const char* quarantined_with_its_like = "system";

}  // namespace

void RecordUpload::apply(Store& store) {
    MXCD_FAILPOINT("database.record_upload");
    const LedgerTables::Settled settled = store.ledger.settle(reservation_);
    if (settled.reservation.user != record_.owner || settled.reservation.size != record_.size)
        throw base::StorageError("an upload does not match its reservation");
    if (origin_ == IdOrigin::pending) settle_pending(store.pending);
    record_.created_at = settled.sent_at;
    if (!record_.quarantined_by && store.moderation.is_quarantined(record_.blob))
        record_.quarantined_by = quarantined_with_its_like;
    store.media.insert(record_, settled.user_key);
    store.newest_sent_at = std::max(store.newest_sent_at, settled.sent_at);
}

void RecordUpload::settle_pending(PendingTables& pending) {
    const std::optional<PendingTables::Entry> entry = pending.find(record_.id);
    if (!entry || !pending.erase(record_.id, record_.owner))
        throw base::StorageError("the media ID of an upload is not pending");
    record_.is_ephemeral = entry->is_ephemeral;
}

void RecordUpload::answer(std::exception_ptr failure) noexcept {
    if (failure) {
        resume_.with_error(std::move(failure));
    } else {
        resume_.with();
    }
}

}  // namespace mxcd::metadata
