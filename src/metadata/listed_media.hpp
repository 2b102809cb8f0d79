#pragma once

#include "mxcd/media/media_record.hpp"

#include "sqlite.hpp"

namespace mxcd::metadata {

/// The columns of `media` that listed_record() reads: everything but the body and its owner.
inline constexpr const char* listed_columns =
    "media.media_id, media.content_type, media.file_name, media.size, media.sha256, media.created_at, "
    "media.quarantined_by, media.needs_authentication, media.is_protected";
inline constexpr int listed_column_count = 9;

/// The record of a row that begins with them.
[[nodiscard]] media::MediaRecord listed_record(const Query& row, matrix::UserId owner);

}  // namespace mxcd::metadata
