#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/upload_ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace mxcd::metadata {

/// What one user has in flight.
struct Reserved {
    base::ByteCount bytes;
    std::int64_t files = 0;
};

/// The bytes set aside for uploads in flight. They live in memory only: the process has the database to
/// itself, so its end ends them too. Thread-safe; the lock is held for a look-up at most, never across a
/// wait.
class Reservations {
  public:
    static constexpr std::size_t limit = 100'000;

    struct Entry {
        matrix::UserId user;
        base::ByteCount size;
    };

    explicit Reservations(base::Metrics& metrics);

    /// Throws base::Overloaded when there are too many, or more bytes in flight than can be counted.
    [[nodiscard]] media::ReservationId add(const matrix::UserId& user, base::ByteCount size);
    [[nodiscard]] Reserved of(const matrix::UserId& user) const;
    /// Nothing when the reservation has ended.
    [[nodiscard]] std::optional<Entry> find(media::ReservationId id) const;
    /// Idempotent.
    void end(media::ReservationId id) noexcept;

  private:
    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, Entry> entries_;
    std::unordered_map<matrix::UserId, Reserved> by_user_;
    std::uint64_t next_id_ = 1;
    base::Gauge& gauge_;
};

}  // namespace mxcd::metadata
