#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/media/upload_ledger.hpp"

#include "reservations.hpp"
#include "sqlite.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace mxcd::metadata {

/// The upload ledger's rules and rows, synchronous: used by the database's thread only. Rows are written
/// inside the caller's transaction; nothing in memory changes before it is committed, so a rollback has
/// nothing to undo here.
class LedgerTables {
  public:
    /// `window_clock` never goes back (base::make_window_clock). All must outlive this object.
    LedgerTables(Connection& connection, const base::Clock& window_clock, Reservations& reservations);

    using Outcome = std::variant<media::ReservationId, media::LimitRefusal, media::QuotaRefusal>;

    [[nodiscard]] Outcome reserve(const media::ReserveRequest& request);
    [[nodiscard]] std::optional<media::LimitRefusal> check(const media::ReserveRequest& request);
    [[nodiscard]] std::vector<media::WindowUsage> usage(const matrix::UserId& user,
                                                        const std::vector<media::UploadLimit>& limits);
    [[nodiscard]] media::StoredMedia stored(const matrix::UserId& user);

    struct Settled {
        Reservations::Entry reservation;
        std::int64_t user_key;
        base::TimePoint sent_at;
    };
    /// Writes the upload into the user's totals and ledger. The reservation goes on: end it in `reservations`
    /// once the transaction is committed. Throws base::StorageError when it has ended already.
    Settled settle(media::ReservationId id);

  private:
    /// A user's row. The numbers count modulo 2^64.
    struct Account {
        std::int64_t user_key = 0;  // 0: no row yet
        std::uint64_t sent_total = 0;
        std::int64_t newest_sent_at = 0;
        std::uint64_t stored_bytes = 0;
        std::int64_t stored_files = 0;
    };
    /// A user at one moment: what every rule looks at.
    struct Standing {
        Account account;
        Reserved reserved;
        std::int64_t now;
    };
    struct Entry {
        std::int64_t sent_at;
        std::uint64_t total;
    };

    [[nodiscard]] Account find_account(const matrix::UserId& user);
    [[nodiscard]] Standing standing_of(const matrix::UserId& user);
    [[nodiscard]] std::optional<Entry> newest_entry_until(std::int64_t user_key, std::int64_t time);
    [[nodiscard]] std::optional<Entry> oldest_entry_after(std::int64_t user_key, std::int64_t time);
    [[nodiscard]] base::ByteCount sent_in_window(const Standing& standing, std::chrono::milliseconds period);
    [[nodiscard]] std::optional<base::TimePoint> time_of_room(const Standing& standing,
                                                              const media::UploadLimit& limit,
                                                              base::ByteCount size);
    [[nodiscard]] std::optional<media::LimitRefusal> broken_limit(const Standing& standing,
                                                                  const media::ReserveRequest& request);
    void write_account(const matrix::UserId& user, Account& account);
    [[nodiscard]] std::int64_t next_user_key();

    const base::Clock& clock_;
    Reservations& reservations_;
    Statement select_account_;
    Statement insert_account_;
    Statement update_account_;
    Statement select_next_user_key_;
    Statement select_newest_until_;
    Statement select_oldest_after_;
    Statement insert_entry_;
};

}  // namespace mxcd::metadata
