#include "listed_media.hpp"

#include "columns.hpp"

#include <utility>

namespace mxcd::metadata {

media::MediaRecord listed_record(const Query& row, matrix::UserId owner) {
    media::MediaRecord record{
        media_id(row.text(0)), std::move(owner), row.text(1), std::nullopt, {}, {}, {}, nullptr};
    if (!row.is_null(2)) record.file_name = row.text(2);
    record.size = base::ByteCount(row.integer(3));
    record.blob = blob_key(row.blob(4));
    record.created_at = time_point(row.integer(5));
    if (!row.is_null(6)) record.quarantined_by = row.text(6);
    record.needs_authentication = row.integer(7) != 0;
    record.is_protected = row.integer(8) != 0;
    return record;
}

}  // namespace mxcd::metadata
