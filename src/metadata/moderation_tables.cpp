#include "moderation_tables.hpp"

#include "columns.hpp"
#include "listed_media.hpp"

#include <span>
#include <string_view>

namespace mxcd::metadata {

namespace {

constexpr const char* select_blob_sql = "SELECT sha256 FROM media WHERE media_id = $1 AND body IS NULL";

constexpr const char* select_owner_sql =
    "SELECT users.user_id FROM media JOIN users ON users.user_key = media.user_key WHERE media.media_id = $1";

constexpr const char* delete_media_sql =
    "DELETE FROM media WHERE media_id = $1 RETURNING user_key, size, sha256, body IS NULL";

constexpr const char* give_back_sql =
    "UPDATE users SET stored_bytes = stored_bytes - $2, stored_files = stored_files - 1 WHERE user_key = $1";

constexpr const char* quarantine_sql =
    "UPDATE media SET quarantined_by = $2 WHERE is_protected = 0 AND sha256 IN "
    "(SELECT sha256 FROM media WHERE media_id = $1 AND is_protected = 0) RETURNING media_id";

constexpr const char* quarantine_all_sql =
    "UPDATE media SET quarantined_by = $2 WHERE is_protected = 0 AND sha256 IN "
    "(SELECT media.sha256 FROM media JOIN users ON users.user_key = media.user_key "
    "WHERE users.user_id = $1 AND media.is_protected = 0 AND media.quarantined_by IS NULL) RETURNING "
    "media_id";

constexpr const char* unquarantine_sql =
    "UPDATE media SET quarantined_by = NULL WHERE quarantined_by IS NOT NULL AND sha256 IN "
    "(SELECT sha256 FROM media WHERE media_id = $1) RETURNING media_id";

constexpr const char* protect_sql =
    "UPDATE media SET is_protected = $2 WHERE media_id = $1 RETURNING media_id";

constexpr const char* select_user_sql = "SELECT user_key, stored_files FROM users WHERE user_id = $1";

const std::string select_page_sql =
    std::string("SELECT ") + listed_columns + " FROM media WHERE user_key = $1 ";
const std::string select_newest_sql =
    select_page_sql + "ORDER BY created_at DESC, media_id DESC LIMIT $2 OFFSET $3";
const std::string select_oldest_sql = select_page_sql + "ORDER BY created_at, media_id LIMIT $2 OFFSET $3";

std::string_view column_of(media::MediaOrder order) {
    switch (order) {
        case media::MediaOrder::created_at:
            return "created_at";
        case media::MediaOrder::id:
            return "media_id";
        case media::MediaOrder::file_name:
            return "file_name";
        case media::MediaOrder::size:
            return "size";
        case media::MediaOrder::content_type:
            return "content_type";
        case media::MediaOrder::quarantined_by:
            return "quarantined_by";
        case media::MediaOrder::is_protected:
            return "is_protected";
    }
    return "created_at";
}

/// For the orders that no index serves and hardly anybody asks for.
std::string select_sorted_sql(const media::MediaPageRequest& request) {
    const std::string direction = request.is_descending ? " DESC" : "";
    return select_page_sql + "ORDER BY " + std::string(column_of(request.order)) + direction + ", media_id" +
           direction + " LIMIT $2 OFFSET $3";
}

constexpr const char* select_quarantined_sql =
    "SELECT 1 FROM media WHERE sha256 = $1 AND quarantined_by IS NOT NULL LIMIT 1";

}  // namespace

ModerationTables::ModerationTables(Connection& connection, ThumbnailTables& thumbnails)
    : connection_(connection),
      thumbnails_(thumbnails),
      select_blob_(connection, select_blob_sql),
      select_owner_(connection, select_owner_sql),
      delete_media_(connection, delete_media_sql),
      give_back_(connection, give_back_sql),
      quarantine_(connection, quarantine_sql),
      quarantine_all_(connection, quarantine_all_sql),
      unquarantine_(connection, unquarantine_sql),
      protect_(connection, protect_sql),
      select_user_(connection, select_user_sql),
      select_newest_(connection, select_newest_sql.c_str()),
      select_oldest_(connection, select_oldest_sql.c_str()),
      select_quarantined_(connection, select_quarantined_sql) {}

std::vector<media::BlobKey> ModerationTables::blobs_of(const matrix::MediaId& id) {
    std::vector<media::BlobKey> blobs = thumbnails_.blobs_of(id);
    Query query(select_blob_);
    query.bind(1, std::string_view(id.text()));
    if (query.next()) blobs.push_back(blob_key(query.blob(0)));
    return blobs;
}

std::optional<media::DeletedMedia> ModerationTables::erase(const matrix::MediaId& id) {
    std::vector<media::BlobKey> blobs = thumbnails_.blobs_of(id);
    std::optional<matrix::UserId> owner;
    {
        Query query(select_owner_);
        query.bind(1, std::string_view(id.text()));
        if (query.next()) owner = user_id(query.text(0));
    }
    if (!owner) return std::nullopt;
    Query row(delete_media_);
    row.bind(1, std::string_view(id.text()));
    if (!row.next()) return std::nullopt;
    const base::ByteCount size(row.integer(1));
    const media::BlobKey hash = blob_key(row.blob(2));
    if (row.integer(3) != 0) blobs.push_back(hash);
    Query(give_back_).bind(1, row.integer(0)).bind(2, size.value()).run();
    changes_.add(id);
    return media::DeletedMedia{*std::move(owner), size, hash, std::move(blobs)};
}

std::vector<matrix::MediaId> ModerationTables::changed_ids(Query& query) {
    std::vector<matrix::MediaId> ids;
    while (query.next()) ids.push_back(media_id(query.text(0)));
    for (const matrix::MediaId& id : ids) changes_.add(id);
    return ids;
}

std::vector<matrix::MediaId> ModerationTables::quarantine(const matrix::MediaId& id, const std::string& by) {
    Query query(quarantine_);
    query.bind(1, std::string_view(id.text())).bind(2, std::string_view(by));
    return changed_ids(query);
}

std::vector<matrix::MediaId> ModerationTables::quarantine_all_of(const matrix::UserId& user,
                                                                 const std::string& by) {
    Query query(quarantine_all_);
    query.bind(1, std::string_view(user.text())).bind(2, std::string_view(by));
    return changed_ids(query);
}

std::vector<matrix::MediaId> ModerationTables::unquarantine(const matrix::MediaId& id) {
    Query query(unquarantine_);
    query.bind(1, std::string_view(id.text()));
    return changed_ids(query);
}

bool ModerationTables::set_protected(const matrix::MediaId& id, bool is_protected) {
    Query query(protect_);
    query.bind(1, std::string_view(id.text())).bind(2, std::int64_t{is_protected ? 1 : 0});
    return !changed_ids(query).empty();
}

media::MediaPage ModerationTables::media_of(const media::MediaPageRequest& request) {
    media::MediaPage page;
    std::int64_t user_key = 0;
    {
        Query user(select_user_);
        user.bind(1, std::string_view(request.user.text()));
        if (!user.next()) return page;
        user_key = user.integer(0);
        page.total = user.integer(1);
    }
    const auto read = [&page, &request, user_key](Statement& statement) {
        Query row(statement);
        row.bind(1, user_key).bind(2, request.limit).bind(3, request.from);
        while (row.next()) page.media.push_back(listed_record(row, request.user));
    };
    if (request.order == media::MediaOrder::created_at) {
        read(request.is_descending ? select_newest_ : select_oldest_);
    } else {
        Statement sorted(connection_, select_sorted_sql(request).c_str());
        read(sorted);
    }
    return page;
}

bool ModerationTables::is_quarantined(const media::BlobKey& hash) {
    Query query(select_quarantined_);
    query.bind(1, std::span<const std::byte>(hash.sha256));
    return query.next();
}

}  // namespace mxcd::metadata
