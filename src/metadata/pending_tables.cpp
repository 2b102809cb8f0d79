#include "pending_tables.hpp"

#include "columns.hpp"

#include <string_view>

namespace mxcd::metadata {

namespace {

constexpr const char* insert_sql =
    "INSERT INTO pending_media (media_id, user_id, expires_at, is_ephemeral) SELECT $1, $2, $3, $6 "
    "WHERE (SELECT COUNT(*) FROM pending_media WHERE user_id = $2 AND expires_at > $4) < $5 RETURNING 1";

constexpr const char* select_sql =
    "SELECT user_id, expires_at, is_ephemeral FROM pending_media WHERE media_id = $1";

constexpr const char* select_first_expiry_sql =
    "SELECT expires_at FROM pending_media WHERE user_id = $1 AND expires_at > $2 ORDER BY expires_at LIMIT 1";

constexpr const char* delete_sql =
    "DELETE FROM pending_media WHERE media_id = $1 AND user_id = $2 RETURNING 1";

constexpr const char* select_expired_sql =
    "SELECT media_id FROM pending_media WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";

constexpr const char* delete_expired_sql = "DELETE FROM pending_media WHERE media_id = $1";

}  // namespace

PendingTables::PendingTables(Connection& connection)
    : insert_(connection, insert_sql),
      select_(connection, select_sql),
      select_first_expiry_(connection, select_first_expiry_sql),
      delete_(connection, delete_sql),
      select_expired_(connection, select_expired_sql),
      delete_expired_(connection, delete_expired_sql) {}

bool PendingTables::insert(const media::CreateRequest& request, base::TimePoint now) {
    Query query(insert_);
    query.bind(1, std::string_view(request.id.text()))
        .bind(2, std::string_view(request.user.text()))
        .bind(3, milliseconds_of(now + request.lifetime))
        .bind(4, milliseconds_of(now))
        .bind(5, request.max_pending)
        .bind(6, std::int64_t{request.is_ephemeral ? 1 : 0});
    return query.next();
}

std::optional<PendingTables::Entry> PendingTables::find(const matrix::MediaId& id) {
    Query query(select_);
    query.bind(1, std::string_view(id.text()));
    if (!query.next()) return std::nullopt;
    return Entry{user_id(query.text(0)), time_point(query.integer(1)), query.integer(2) != 0};
}

std::optional<base::TimePoint> PendingTables::first_expiry(const matrix::UserId& user, base::TimePoint now) {
    Query query(select_first_expiry_);
    query.bind(1, std::string_view(user.text())).bind(2, milliseconds_of(now));
    if (!query.next()) return std::nullopt;
    return time_point(query.integer(0));
}

bool PendingTables::erase(const matrix::MediaId& id, const matrix::UserId& user) {
    Query query(delete_);
    query.bind(1, std::string_view(id.text())).bind(2, std::string_view(user.text()));
    return query.next();
}

std::vector<matrix::MediaId> PendingTables::expired(base::TimePoint now, std::int64_t limit) {
    std::vector<matrix::MediaId> ids;
    Query query(select_expired_);
    query.bind(1, milliseconds_of(now)).bind(2, limit);
    while (query.next()) ids.push_back(media_id(query.text(0)));
    return ids;
}

void PendingTables::sweep(const matrix::MediaId& id) {
    Query(delete_expired_).bind(1, std::string_view(id.text())).run();
}

}  // namespace mxcd::metadata
