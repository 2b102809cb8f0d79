#pragma once

#include "mxcd/base/clock.hpp"

#include "ledger_tables.hpp"
#include "list_tables.hpp"
#include "media_tables.hpp"
#include "moderation_tables.hpp"
#include "pending_tables.hpp"
#include "reservations.hpp"
#include "settings_table.hpp"
#include "sqlite.hpp"
#include "thumbnail_tables.hpp"

#include <filesystem>
#include <memory>

namespace mxcd::metadata {

/// The open database: its one connection and the tables behind it. Lives on the database's thread.
class Store {
  public:
    /// `clock` and `reservations` must outlive it.
    Store(Connection open, const base::Clock& clock, Reservations& reservations);

    /// Writes down the newest moment of the ledger, so that the next process's clock starts there. Part of
    /// every group's transaction.
    void save_newest_sent_at();

  private:
    [[nodiscard]] base::TimePoint load_newest_sent_at();

  public:
    Connection connection;
    SettingsTable settings;
    base::TimePoint newest_sent_at;

  private:
    std::unique_ptr<base::Clock> window_clock_;

  public:
    LedgerTables ledger;
    MediaTables media;
    PendingTables pending;
    ThumbnailTables thumbnails;
    ModerationTables moderation;
    ListTables list;

    /// Whether any row refers to these bytes in the blob store.
    [[nodiscard]] bool is_blob_referenced(const media::BlobKey& key);
};

/// Opens (and creates, and migrates) the database file and takes its exclusive lock. Throws OpenError.
[[nodiscard]] std::unique_ptr<Store> open_store(const std::filesystem::path& path, const base::Clock& clock,
                                                Reservations& reservations);

}  // namespace mxcd::metadata
