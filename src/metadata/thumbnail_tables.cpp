#include "thumbnail_tables.hpp"

#include "columns.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace mxcd::metadata {

namespace {

constexpr const char* select_thumbnail_sql =
    "SELECT content_type, width, height, is_original, size, sha256, body FROM thumbnails "
    "WHERE media_id = $1 AND form = $2";

constexpr const char* count_thumbnails_sql = "SELECT COUNT(*) FROM thumbnails WHERE media_id = $1";

constexpr const char* insert_thumbnail_sql =
    "INSERT INTO thumbnails (media_id, form, content_type, width, height, is_original, size, sha256, body) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (media_id, form) DO NOTHING";

constexpr const char* select_picture_sql = "SELECT width, height, blurhash FROM pictures WHERE media_id = $1";

// A decode that makes animations only knows no hash; a later one may.
constexpr const char* insert_picture_sql =
    "INSERT INTO pictures (media_id, width, height, blurhash) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (media_id) DO UPDATE SET blurhash = excluded.blurhash WHERE blurhash IS NULL";

constexpr const char* select_media_sql = "SELECT 1 FROM media WHERE media_id = $1";

constexpr const char* select_blobs_sql =
    "SELECT DISTINCT sha256 FROM thumbnails WHERE media_id = $1 AND body IS NULL AND is_original = 0";

constexpr const char* select_by_blob_sql =
    "SELECT 1 FROM thumbnails WHERE sha256 = $1 AND body IS NULL AND is_original = 0 LIMIT 1";

media::ImageType image_type(const std::string& text) {
    using media::ImageType;
    for (const ImageType type : {ImageType::jpeg, ImageType::png, ImageType::gif, ImageType::webp})
        if (media::mime_type(type) == text) return type;
    throw base::StorageError("a row holds an unknown image type");
}

std::int32_t pixels(std::int64_t value) {
    if (value < 1 || value > INT32_MAX) throw base::StorageError("a row holds an impossible image size");
    return static_cast<std::int32_t>(value);
}

}  // namespace

ThumbnailTables::ThumbnailTables(Connection& connection)
    : select_thumbnail_(connection, select_thumbnail_sql),
      count_thumbnails_(connection, count_thumbnails_sql),
      insert_thumbnail_(connection, insert_thumbnail_sql),
      select_picture_(connection, select_picture_sql),
      insert_picture_(connection, insert_picture_sql),
      select_media_(connection, select_media_sql),
      select_blobs_(connection, select_blobs_sql),
      select_by_blob_(connection, select_by_blob_sql) {}

std::optional<media::ThumbnailRecord> ThumbnailTables::find(const matrix::MediaId& media,
                                                            const media::ThumbnailForm& form) {
    const std::string name = media::to_text(form);
    Query row(select_thumbnail_);
    row.bind(1, std::string_view(media.text())).bind(2, std::string_view(name));
    if (!row.next()) return std::nullopt;
    media::ThumbnailRecord record{media,
                                  form,
                                  image_type(row.text(0)),
                                  pixels(row.integer(1)),
                                  pixels(row.integer(2)),
                                  row.integer(3) != 0,
                                  base::ByteCount(row.integer(4)),
                                  blob_key(row.blob(5)),
                                  nullptr};
    if (!row.is_null(6)) record.inline_body = std::make_shared<const std::string>(row.blob(6));
    return record;
}

std::int64_t ThumbnailTables::count(const matrix::MediaId& media) {
    Query row(count_thumbnails_);
    row.bind(1, std::string_view(media.text()));
    row.next();
    return row.integer(0);
}

bool ThumbnailTables::insert(const Decoded& decoded) {
    if (!has_media(decoded.media)) return false;
    insert_picture(decoded);
    for (const media::ThumbnailRecord& thumbnail : decoded.thumbnails) insert(thumbnail);
    return true;
}

void ThumbnailTables::insert_picture(const Decoded& decoded) {
    Query query(insert_picture_);
    query.bind(1, std::string_view(decoded.media.text()))
        .bind(2, std::int64_t{decoded.picture.width})
        .bind(3, std::int64_t{decoded.picture.height});
    if (decoded.picture.blurhash) query.bind(4, std::string_view(*decoded.picture.blurhash));
    query.run();
}

std::optional<media::PictureFacts> ThumbnailTables::find_picture(const matrix::MediaId& media) {
    Query row(select_picture_);
    row.bind(1, std::string_view(media.text()));
    if (!row.next()) return std::nullopt;
    media::PictureFacts picture{pixels(row.integer(0)), pixels(row.integer(1)), std::nullopt};
    if (!row.is_null(2)) picture.blurhash = row.text(2);
    return picture;
}

bool ThumbnailTables::has_media(const matrix::MediaId& media) {
    Query query(select_media_);
    query.bind(1, std::string_view(media.text()));
    return query.next();
}

void ThumbnailTables::insert(const media::ThumbnailRecord& record) {
    const std::string form = media::to_text(record.form);
    Query query(insert_thumbnail_);
    query.bind(1, std::string_view(record.media.text()))
        .bind(2, std::string_view(form))
        .bind(3, media::mime_type(record.type))
        .bind(4, std::int64_t{record.width})
        .bind(5, std::int64_t{record.height})
        .bind(6, std::int64_t{record.is_original ? 1 : 0})
        .bind(7, record.size.value())
        .bind(8, std::span<const std::byte>(record.blob.sha256));
    if (record.inline_body) query.bind(9, std::as_bytes(std::span(*record.inline_body)));
    query.run();
}

std::vector<media::BlobKey> ThumbnailTables::blobs_of(const matrix::MediaId& media) {
    std::vector<media::BlobKey> blobs;
    Query row(select_blobs_);
    row.bind(1, std::string_view(media.text()));
    while (row.next()) blobs.push_back(blob_key(row.blob(0)));
    return blobs;
}

bool ThumbnailTables::is_blob_referenced(const media::BlobKey& key) {
    Query query(select_by_blob_);
    query.bind(1, std::span<const std::byte>(key.sha256));
    return query.next();
}

}  // namespace mxcd::metadata
