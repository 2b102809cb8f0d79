#include "columns.hpp"

#include "mxcd/base/errors.hpp"

#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

namespace mxcd::metadata {

media::BlobKey blob_key(const std::string& bytes) {
    media::BlobKey key;
    if (bytes.size() != key.sha256.size()) throw base::StorageError("a row holds a hash of the wrong length");
    std::memcpy(key.sha256.data(), bytes.data(), bytes.size());
    return key;
}

matrix::UserId user_id(const std::string& text) {
    std::optional<matrix::UserId> user = matrix::UserId::parse(text);
    if (!user) throw base::StorageError("a row holds an invalid user ID");
    return *std::move(user);
}

matrix::MediaId media_id(const std::string& text) {
    std::optional<matrix::MediaId> id = matrix::MediaId::parse(text);
    if (!id) throw base::StorageError("a row holds an invalid media ID");
    return *std::move(id);
}

base::TimePoint time_point(std::int64_t milliseconds) {
    return base::TimePoint(std::chrono::milliseconds(milliseconds));
}

std::int64_t milliseconds_of(base::TimePoint time) {
    return static_cast<std::int64_t>(time.time_since_epoch().count());
}

}  // namespace mxcd::metadata
