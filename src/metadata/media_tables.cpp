#include "media_tables.hpp"

#include "columns.hpp"

#include <string>

namespace mxcd::metadata {

namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

constexpr const char* insert_media_sql =
    "INSERT INTO media (media_id, user_key, content_type, file_name, size, sha256, created_at, body, "
    "quarantined_by, needs_authentication, is_ephemeral) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

constexpr const char* select_media_sql =
    "SELECT users.user_id, media.content_type, media.file_name, media.size, media.sha256, "
    "media.created_at, media.body, media.quarantined_by, media.needs_authentication, media.is_protected, "
    "media.is_ephemeral "
    "FROM media JOIN users ON users.user_key = media.user_key WHERE media.media_id = $1";

constexpr const char* select_owner_sql =
    "SELECT users.user_id FROM media JOIN users ON users.user_key = media.user_key WHERE media.media_id = $1";

constexpr const char* select_by_blob_sql = "SELECT 1 FROM media WHERE sha256 = $1 AND body IS NULL LIMIT 1";

media::MediaRecord read_record(const Query& row, const matrix::MediaId& id) {
    media::MediaRecord record{id, user_id(row.text(0)), row.text(1), std::nullopt, {}, {}, {}, nullptr};
    if (!row.is_null(2)) record.file_name = row.text(2);
    record.size = base::ByteCount(row.integer(3));
    record.blob = blob_key(row.blob(4));
    record.created_at = time_point(row.integer(5));
    if (!row.is_null(7)) record.quarantined_by = row.text(7);
    record.needs_authentication = row.integer(8) != 0;
    record.is_protected = row.integer(9) != 0;
    record.is_ephemeral = row.integer(10) != 0;
    if (row.is_null(6)) return record;
    record.inline_body = std::make_shared<const std::string>(row.blob(6));
    if (record.size.value() != static_cast<std::int64_t>(record.inline_body->size()))
        throw base::StorageError("a row holds a body of the wrong length");
    return record;
}

}  // namespace

MediaTables::MediaTables(Connection& connection)
    : insert_media_(connection, insert_media_sql),
      select_media_(connection, select_media_sql),
      select_owner_(connection, select_owner_sql),
      select_by_blob_(connection, select_by_blob_sql) {}

void MediaTables::insert(const media::MediaRecord& record, std::int64_t user_key) {
    Query query(insert_media_);
    query.bind(1, std::string_view(record.id.text()))
        .bind(2, user_key)
        .bind(3, std::string_view(record.content_type))
        .bind(4, record.file_name)
        .bind(5, record.size.value())
        .bind(6, std::span<const std::byte>(record.blob.sha256))
        .bind(7, milliseconds_of(record.created_at))
        .bind(9, record.quarantined_by)
        .bind(10, std::int64_t{record.needs_authentication ? 1 : 0})
        .bind(11, std::int64_t{record.is_ephemeral ? 1 : 0});
    if (record.inline_body) query.bind(8, bytes_of(*record.inline_body));
    query.run();
}

std::optional<media::MediaRecord> MediaTables::find(const matrix::MediaId& id) {
    Query query(select_media_);
    query.bind(1, std::string_view(id.text()));
    if (!query.next()) return std::nullopt;
    return read_record(query, id);
}

std::optional<matrix::UserId> MediaTables::owner_of(const matrix::MediaId& id) {
    Query query(select_owner_);
    query.bind(1, std::string_view(id.text()));
    if (!query.next()) return std::nullopt;
    return user_id(query.text(0));
}

bool MediaTables::is_blob_referenced(const media::BlobKey& key) {
    Query query(select_by_blob_);
    query.bind(1, std::span<const std::byte>(key.sha256));
    return query.next();
}

}  // namespace mxcd::metadata
