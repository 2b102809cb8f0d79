#pragma once

#include "mxcd/async/suspend.hpp"
#include "mxcd/media/metadata_store.hpp"

#include "group_commit.hpp"
#include "reservations.hpp"

#include <cstdint>
#include <exception>

namespace mxcd::metadata {

/// Where an upload's media ID comes from.
enum class IdOrigin : std::uint8_t {
    fresh,
    pending,  // created earlier; it stops to be pending
};

/// The commit point of an upload.
class RecordUpload final : public Write {
  public:
    RecordUpload(media::MediaRecord record, IdOrigin origin, media::ReservationId reservation,
                 Reservations& reservations, async::Resume<void> resume)
        : record_(std::move(record)),
          origin_(origin),
          reservation_(reservation),
          reservations_(reservations),
          resume_(std::move(resume)) {}

    void apply(Store& store) override;
    void committed() noexcept override { reservations_.end(reservation_); }
    void answer(std::exception_ptr failure) noexcept override;

  private:
    void settle_pending(PendingTables& pending);

    media::MediaRecord record_;
    IdOrigin origin_;
    media::ReservationId reservation_;
    Reservations& reservations_;
    async::Resume<void> resume_;
};

}  // namespace mxcd::metadata
