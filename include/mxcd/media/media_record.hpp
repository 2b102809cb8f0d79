#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/clock.hpp"
#include "mxcd/base/hash.hpp"
#include "mxcd/matrix/ids.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mxcd::media {

/// Names bytes in the blob store: their SHA-256. The same bytes have the same key.
struct BlobKey {
    base::Sha256Digest sha256{};
    [[nodiscard]] std::string hex() const { return base::to_hex(sha256); }
    friend auto operator<=>(const BlobKey&, const BlobKey&) = default;
};

/// One piece of local media: what is known about it, and, when it is small, its bytes. Immutable once
/// recorded, but for what moderators decide.
struct MediaRecord {
    matrix::MediaId id;
    matrix::UserId owner;
    std::string content_type;              // as uploaded, verbatim
    std::optional<std::string> file_name;  // as uploaded, valid UTF-8
    base::ByteCount size;
    BlobKey blob;
    base::TimePoint created_at{};
    /// The bytes themselves when they live in the row's transaction; nothing when the blob store has them.
    /// Shared with the answers that are being sent from it.
    std::shared_ptr<const std::string> inline_body;
    /// Who says that the media must not be served (a module's name); nothing: it is served.
    std::optional<std::string> quarantined_by = std::nullopt;
    /// Never given out to those who do not say who they are; nothing changes it later.
    bool needs_authentication = true;
    /// Quarantining skips it.
    bool is_protected = false;
    /// Uploaded to be deleted by its uploader (MSC4425).
    bool is_ephemeral = false;
};

}  // namespace mxcd::media
