#pragma once

#include "mxcd/modules/children.hpp"
#include "mxcd/modules/python.hpp"

#include <optional>

namespace mxcd::modules {

/// Answers what a Python module's child asks about our media, for the module's local_media_repository:
///
///   {"media_of": USER or null (everybody), "after": [N, N], "changes": N or null}
///       → {"media": [ROW, ...], "end": [N, N], "changed": [[MEDIA_ID, ROW or null], ...], "changes": N,
///          "is_torn": BOOL, "is_last": BOOL}, with what MediaList says of them; a ROW is [media_id,
///          media_type, media_length, created_ts, upload_name, user_id, quarantined_by, safe_from_quarantine,
///          authenticated, sha256]
///   {"owner_of": MEDIA_ID} → {"user_id": USER or null}
///
/// Without media every answer is a failure.
[[nodiscard]] ChildConfig::Answerer answerer_about_media(std::optional<PythonMedia> media);

}  // namespace mxcd::modules
