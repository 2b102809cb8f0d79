#include "record_upload.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace mxcd::metadata {

void RecordUpload::apply(Store& store) {
    MXCD_FAILPOINT("database.record_upload");
    const LedgerTables::Settled settled = store.ledger.settle(reservation_);
    if (settled.reservation.user != record_.owner || settled.reservation.size != record_.size)
        throw base::StorageError("an upload does not match its reservation");
    if (origin_ == IdOrigin::pending && !store.pending.erase(record_.id, record_.owner))
        throw base::StorageError("the media ID of an upload is not pending");
    record_.created_at = settled.sent_at;
    store.media.insert(record_, settled.user_key);
    store.newest_sent_at = std::max(store.newest_sent_at, settled.sent_at);
}

void RecordUpload::answer(std::exception_ptr failure) noexcept {
    if (failure) {
        resume_.with_error(std::move(failure));
    } else {
        resume_.with();
    }
}

}  // namespace mxcd::metadata
