#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/secret.hpp"
#include "mxcd/media/media_list.hpp"
#include "mxcd/media/metadata_store.hpp"
#include "mxcd/media/moderation_store.hpp"
#include "mxcd/media/pending_media.hpp"
#include "mxcd/media/thumbnail_catalog.hpp"
#include "mxcd/media/upload_ledger.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace mxcd::metadata {

struct SqliteConfig {
    std::filesystem::path path = "mxcd.db";
    /// Jobs that may wait for the database's thread; more are base::Overloaded.
    std::size_t queue_limit = 4096;
};

/// The database cannot be opened, and why; `main` turns the reason into an exit code.
struct OpenError : std::runtime_error {
    enum class Reason { in_use, permission, damaged, newer_schema, other };
    OpenError(Reason why, const std::string& text) : std::runtime_error(text), reason(why) {}
    Reason reason;
};

/// An open database and the seams it implements. Its destructor finishes what is queued and closes cleanly.
class Database {
  public:
    virtual ~Database() = default;
    [[nodiscard]] virtual media::MetadataStore& metadata() = 0;
    [[nodiscard]] virtual media::UploadLedger& ledger() = 0;
    [[nodiscard]] virtual media::PendingMedia& pending() = 0;
    [[nodiscard]] virtual media::ModerationStore& moderation() = 0;
    [[nodiscard]] virtual media::MediaList& list() = 0;
    [[nodiscard]] virtual media::ThumbnailCatalog& thumbnails() = 0;

    /// For recovery, before the door opens: whether any row refers to these bytes. Blocks.
    [[nodiscard]] virtual bool is_blob_referenced(const media::BlobKey& key) = 0;
    /// A random secret of 32 bytes that is made on first use and stays the same for the life of the database.
    [[nodiscard]] virtual base::Secret secret(const std::string& name) = 0;
};

/// Opens (and creates, and migrates) the database: one connection, owned by one thread, WAL,
/// synchronous=FULL, exclusive lock. Throws OpenError.
[[nodiscard]] std::unique_ptr<Database> open_sqlite(const SqliteConfig& config, const base::Clock& clock,
                                                    base::Metrics& metrics);

}  // namespace mxcd::metadata
