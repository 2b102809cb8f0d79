#include "ledger_tables.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace mxcd::metadata {

namespace {

using base::ByteCount;

std::int64_t saturating_add(std::int64_t left, std::int64_t right) {
    return (ByteCount(left) + ByteCount(right)).value();
}

// The last moment that a window of this period, looked at from `now`, no longer contains.
std::int64_t end_before_window(std::int64_t now, std::chrono::milliseconds period) {
    return (ByteCount(now) - ByteCount(period.count())).value();
}

std::optional<base::TimePoint> moment_after(std::int64_t time, std::chrono::milliseconds period) {
    const std::int64_t moment = saturating_add(time, period.count());
    if (moment == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return base::TimePoint(std::chrono::milliseconds(moment));
}

// Totals count modulo 2^64, so their difference is exact for every window below 16 EiB.
ByteCount difference(std::uint64_t newer, std::uint64_t older) {
    const std::uint64_t bytes = newer - older;
    return bytes > static_cast<std::uint64_t>(ByteCount::max().value())
               ? ByteCount::max()
               : ByteCount(static_cast<std::int64_t>(bytes));
}

bool fits(ByteCount size, ByteCount used, ByteCount max_size) {
    return size == ByteCount(0) || size <= max_size - used;
}

std::optional<media::QuotaRefusal> broken_quota(ByteCount stored, std::int64_t files,
                                                const media::ReserveRequest& request) {
    for (const media::StorageQuota& quota : request.quotas) {
        const bool bytes_fit = !quota.max_size || fits(request.size, stored, *quota.max_size);
        const bool file_fits = !quota.max_files || files < *quota.max_files;
        if (!bytes_fit || !file_fits) return media::QuotaRefusal{quota, stored, files};
    }
    return std::nullopt;
}

constexpr const char* select_account_sql =
    "SELECT user_key, sent_total, newest_sent_at, stored_bytes, stored_files FROM users WHERE user_id = $1";

constexpr const char* insert_account_sql =
    "INSERT INTO users (user_key, sent_total, newest_sent_at, stored_bytes, stored_files, user_id) "
    "VALUES ($1, $2, $3, $4, $5, $6)";

constexpr const char* update_account_sql =
    "UPDATE users SET sent_total = $2, newest_sent_at = $3, stored_bytes = $4, stored_files = $5 "
    "WHERE user_id = $6 AND user_key = $1";

constexpr const char* select_next_user_key_sql = "SELECT COALESCE(MAX(user_key), 0) + 1 FROM users";

constexpr const char* select_newest_until_sql =
    "SELECT sent_at, total FROM upload_ledger WHERE user_key = $1 AND sent_at <= $2 ORDER BY sent_at DESC "
    "LIMIT 1";

constexpr const char* select_oldest_after_sql =
    "SELECT sent_at, total FROM upload_ledger WHERE user_key = $1 AND sent_at > $2 ORDER BY sent_at LIMIT 1";

// Two uploads of one millisecond share an entry.
constexpr const char* insert_entry_sql =
    "INSERT INTO upload_ledger (user_key, sent_at, total) VALUES ($1, $2, $3) "
    "ON CONFLICT (user_key, sent_at) DO UPDATE SET total = excluded.total";

}  // namespace

LedgerTables::LedgerTables(Connection& connection, const base::Clock& window_clock,
                           Reservations& reservations)
    : clock_(window_clock),
      reservations_(reservations),
      select_account_(connection, select_account_sql),
      insert_account_(connection, insert_account_sql),
      update_account_(connection, update_account_sql),
      select_next_user_key_(connection, select_next_user_key_sql),
      select_newest_until_(connection, select_newest_until_sql),
      select_oldest_after_(connection, select_oldest_after_sql),
      insert_entry_(connection, insert_entry_sql) {}

LedgerTables::Outcome LedgerTables::reserve(const media::ReserveRequest& request) {
    assert(request.size >= ByteCount(0));
    const Standing standing = standing_of(request.user);
    if (std::optional<media::LimitRefusal> refusal = broken_limit(standing, request))
        return *std::move(refusal);
    const ByteCount stored = difference(standing.account.stored_bytes, 0) + standing.reserved.bytes;
    const std::int64_t files = standing.account.stored_files + standing.reserved.files;
    if (std::optional<media::QuotaRefusal> refusal = broken_quota(stored, files, request))
        return *std::move(refusal);
    return reservations_.add(request.user, request.size);
}

std::optional<media::LimitRefusal> LedgerTables::check(const media::ReserveRequest& request) {
    return broken_limit(standing_of(request.user), request);
}

std::vector<media::WindowUsage> LedgerTables::usage(const matrix::UserId& user,
                                                    const std::vector<media::UploadLimit>& limits) {
    const Standing standing = standing_of(user);
    std::vector<media::WindowUsage> usages;
    for (const media::UploadLimit& limit : limits) {
        media::WindowUsage usage{
            limit, sent_in_window(standing, limit.time_period), standing.reserved.bytes, {}};
        const std::int64_t start = end_before_window(standing.now, limit.time_period);
        const std::optional<Entry> oldest = oldest_entry_after(standing.account.user_key, start);
        if (oldest) usage.next_room_at = moment_after(oldest->sent_at, limit.time_period);
        usages.push_back(std::move(usage));
    }
    return usages;
}

media::StoredMedia LedgerTables::stored(const matrix::UserId& user) {
    const Account account = find_account(user);
    return {difference(account.stored_bytes, 0), account.stored_files};
}

LedgerTables::Settled LedgerTables::settle(media::ReservationId id) {
    std::optional<Reservations::Entry> reservation = reservations_.find(id);
    // Without it others may have been given the room.
    if (!reservation)
        throw base::StorageError("an upload's reservation had ended before the upload was recorded");
    auto [account, reserved, now] = standing_of(reservation->user);
    const auto size = static_cast<std::uint64_t>(reservation->size.value());
    account.sent_total += size;
    account.newest_sent_at = now;
    account.stored_bytes += size;
    account.stored_files += 1;
    write_account(reservation->user, account);
    // No bytes change no total: nothing to remember.
    if (size != 0) {
        Query(insert_entry_)
            .bind(1, account.user_key)
            .bind(2, now)
            .bind(3, static_cast<std::int64_t>(account.sent_total))
            .run();
    }
    return {*std::move(reservation), account.user_key, base::TimePoint(std::chrono::milliseconds(now))};
}

LedgerTables::Account LedgerTables::find_account(const matrix::UserId& user) {
    Query query(select_account_);
    query.bind(1, std::string_view(user.text()));
    if (!query.next()) return {};
    return {query.integer(0), static_cast<std::uint64_t>(query.integer(1)), query.integer(2),
            static_cast<std::uint64_t>(query.integer(3)), query.integer(4)};
}

LedgerTables::Standing LedgerTables::standing_of(const matrix::UserId& user) {
    const Account account = find_account(user);
    const std::int64_t now = clock_.now().time_since_epoch().count();
    return {account, reservations_.of(user), std::max(now, account.newest_sent_at)};
}

std::optional<LedgerTables::Entry> LedgerTables::newest_entry_until(std::int64_t user_key,
                                                                    std::int64_t time) {
    Query query(select_newest_until_);
    query.bind(1, user_key).bind(2, time);
    if (!query.next()) return std::nullopt;
    return Entry{query.integer(0), static_cast<std::uint64_t>(query.integer(1))};
}

std::optional<LedgerTables::Entry> LedgerTables::oldest_entry_after(std::int64_t user_key,
                                                                    std::int64_t time) {
    Query query(select_oldest_after_);
    query.bind(1, user_key).bind(2, time);
    if (!query.next()) return std::nullopt;
    return Entry{query.integer(0), static_cast<std::uint64_t>(query.integer(1))};
}

ByteCount LedgerTables::sent_in_window(const Standing& standing, std::chrono::milliseconds period) {
    if (standing.account.user_key == 0) return ByteCount(0);
    const std::optional<Entry> before =
        newest_entry_until(standing.account.user_key, end_before_window(standing.now, period));
    return difference(standing.account.sent_total, before ? before->total : 0);
}

// Bisects time: each step is one look-up in the ledger's index, so the history's length does not matter.
std::optional<base::TimePoint> LedgerTables::time_of_room(const Standing& standing,
                                                          const media::UploadLimit& limit, ByteCount size) {
    const ByteCount room = limit.max_size - standing.reserved.bytes - size;
    if (room < ByteCount(0)) return std::nullopt;
    std::int64_t too_early = end_before_window(standing.now, limit.time_period);
    std::int64_t late_enough = standing.account.newest_sent_at;
    while (late_enough - too_early > 1) {
        const std::int64_t middle = too_early + (late_enough - too_early) / 2;
        const std::optional<Entry> entry = newest_entry_until(standing.account.user_key, middle);
        const std::uint64_t gone = entry ? entry->total : 0;
        if (difference(standing.account.sent_total, gone) <= room) {
            late_enough = entry ? entry->sent_at : middle;
        } else {
            too_early = middle;
        }
    }
    return moment_after(late_enough, limit.time_period);
}

std::optional<media::LimitRefusal> LedgerTables::broken_limit(const Standing& standing,
                                                              const media::ReserveRequest& request) {
    if (request.size == ByteCount(0)) return std::nullopt;
    std::optional<media::LimitRefusal> worst;
    std::optional<base::TimePoint> room_at = base::TimePoint{};
    for (const media::UploadLimit& limit : request.limits) {
        const ByteCount used = sent_in_window(standing, limit.time_period) + standing.reserved.bytes;
        if (fits(request.size, used, limit.max_size)) continue;
        const std::optional<base::TimePoint> room = time_of_room(standing, limit, request.size);
        room_at = room && room_at ? std::optional(std::max(*room, *room_at)) : std::nullopt;
        if (!worst || limit.time_period > worst->limit.time_period)
            worst = media::LimitRefusal{limit, used, std::nullopt};
    }
    if (worst) worst->room_at = room_at;
    return worst;
}

void LedgerTables::write_account(const matrix::UserId& user, Account& account) {
    const bool is_new = account.user_key == 0;
    if (is_new) account.user_key = next_user_key();
    Query(is_new ? insert_account_ : update_account_)
        .bind(1, account.user_key)
        .bind(2, static_cast<std::int64_t>(account.sent_total))
        .bind(3, account.newest_sent_at)
        .bind(4, static_cast<std::int64_t>(account.stored_bytes))
        .bind(5, account.stored_files)
        .bind(6, std::string_view(user.text()))
        .run();
}

std::int64_t LedgerTables::next_user_key() {
    Query query(select_next_user_key_);
    query.next();
    return query.integer(0);
}

}  // namespace mxcd::metadata
