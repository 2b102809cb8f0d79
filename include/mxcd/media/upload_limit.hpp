#pragma once

#include "mxcd/base/byte_count.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace mxcd::media {

/// A time-windowed limit on what one user uploads. The window slides and excludes its start; exactly
/// `max_size` is allowed. Same fields as Synapse's MediaUploadLimit.
struct UploadLimit {
    std::chrono::milliseconds time_period{0};
    base::ByteCount max_size;
    std::string info_uri;  // empty: the page that mxcd serves itself
    bool can_upgrade = false;

    friend bool operator==(const UploadLimit&, const UploadLimit&) = default;
};

/// A limit on what a user has stored in all, whatever its age; deletion gives room back.
struct StorageQuota {
    std::optional<base::ByteCount> max_size;
    std::optional<std::int64_t> max_files;

    friend bool operator==(const StorageQuota&, const StorageQuota&) = default;
};

}  // namespace mxcd::media
