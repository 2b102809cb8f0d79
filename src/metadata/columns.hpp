#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/media_record.hpp"

#include <cstdint>
#include <string>

namespace mxcd::metadata {

// What columns hold, as the types that they stand for. All throw base::StorageError when a row holds
// nonsense.

[[nodiscard]] media::BlobKey blob_key(const std::string& bytes);
[[nodiscard]] matrix::UserId user_id(const std::string& text);
[[nodiscard]] matrix::MediaId media_id(const std::string& text);
[[nodiscard]] base::TimePoint time_point(std::int64_t milliseconds);
[[nodiscard]] std::int64_t milliseconds_of(base::TimePoint time);

}  // namespace mxcd::metadata
