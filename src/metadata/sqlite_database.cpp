#include "mxcd/base/random.hpp"
#include "mxcd/metadata/database.hpp"

#include "database_thread.hpp"
#include "function_write.hpp"
#include "moderation_store.hpp"
#include "pending_media.hpp"
#include "record_upload.hpp"
#include "thumbnail_catalog.hpp"

#include <chrono>
#include <future>
#include <utility>

namespace mxcd::metadata {

namespace {

/// Finds a secret, or makes it.
class SettleSecret final : public Write {
  public:
    explicit SettleSecret(const std::string& name) : name_("secret:" + name) {}
    [[nodiscard]] std::future<base::Secret> secret() { return promise_.get_future(); }

    void apply(Store& store) override {
        std::optional<std::string> value = store.settings.find(name_);
        if (!value) {
            value.emplace(32, '\0');
            base::make_system_random()->fill(std::as_writable_bytes(std::span(*value)));
            store.settings.put(name_, *value);
        }
        value_ = base::Secret(*std::move(value));
    }
    void answer(std::exception_ptr failure) noexcept override {
        if (failure) {
            promise_.set_exception(std::move(failure));
        } else {
            promise_.set_value(std::move(value_));
        }
    }

  private:
    std::string name_;
    base::Secret value_;
    std::promise<base::Secret> promise_;
};

class SqliteMetadataStore final : public media::MetadataStore {
  public:
    SqliteMetadataStore(DatabaseThread& thread, Reservations& reservations)
        : thread_(thread), reservations_(reservations) {}

    async::Task<> record_upload(media::MediaRecord record, media::ReservationId reservation) override {
        return thread_.write(
            [this, record = std::move(record), reservation](async::Resume<void> resume) mutable {
                return std::make_unique<RecordUpload>(std::move(record), IdOrigin::fresh, reservation,
                                                      reservations_, std::move(resume));
            });
    }
    async::Task<std::optional<media::MediaRecord>> find(matrix::MediaId id) override {
        return thread_.read([id = std::move(id)](Store& store) { return store.media.find(id); });
    }
    // As a write: a row whose end is not durable yet would come back after a power cut, and its bytes not.
    async::Task<bool> is_blob_referenced(media::BlobKey key) override {
        return write_for_result(thread_, [key](Store& store) { return store.is_blob_referenced(key); });
    }
    async::Task<> back_up(std::filesystem::path destination, std::function<void(double)> progress) override {
        return thread_.back_up({std::move(destination), std::move(progress)});
    }
    async::Task<> ping() override { return thread_.ping(); }

  private:
    DatabaseThread& thread_;
    Reservations& reservations_;
};

class SqliteMediaList final : public media::MediaList {
  public:
    explicit SqliteMediaList(DatabaseThread& thread) : thread_(thread) {}

    async::Task<media::ListPiece> read(media::ListRequest request) override {
        return thread_.read(
            [request = std::move(request)](Store& store) { return store.list.read(request); });
    }

  private:
    DatabaseThread& thread_;
};

class SqliteUploadLedger final : public media::UploadLedger {
  public:
    SqliteUploadLedger(DatabaseThread& thread, Reservations& reservations, base::Metrics& metrics)
        : thread_(thread),
          reservations_(reservations),
          reserve_duration_(metrics.histogram("mxcd_ledger_reserve_duration_seconds",
                                              "From asking for room in the windows to the answer",
                                              base::duration_buckets())) {}

    async::Task<media::ReserveOutcome> reserve(media::ReserveRequest request) override {
        const auto asked_at = std::chrono::steady_clock::now();
        return thread_.read([this, asked_at, request = std::move(request)](Store& store) {
            media::ReserveOutcome outcome = owned(store.ledger.reserve(request));
            const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - asked_at;
            reserve_duration_.observe(elapsed.count());
            return outcome;
        });
    }
    async::Task<std::optional<media::LimitRefusal>> check(media::ReserveRequest request) override {
        return thread_.read(
            [request = std::move(request)](Store& store) { return store.ledger.check(request); });
    }
    void release(media::ReservationId id) noexcept override { reservations_.end(id); }
    async::Task<std::vector<media::WindowUsage>> usage(matrix::UserId user,
                                                       std::vector<media::UploadLimit> limits) override {
        return thread_.read([user = std::move(user), limits = std::move(limits)](Store& store) {
            return store.ledger.usage(user, limits);
        });
    }

    async::Task<media::StoredMedia> stored(matrix::UserId user) override {
        return thread_.read([user = std::move(user)](Store& store) { return store.ledger.stored(user); });
    }

  private:
    media::ReserveOutcome owned(LedgerTables::Outcome outcome) {
        if (auto* id = std::get_if<media::ReservationId>(&outcome)) return media::Reservation(*this, *id);
        if (auto* refusal = std::get_if<media::LimitRefusal>(&outcome)) return std::move(*refusal);
        return std::get<media::QuotaRefusal>(std::move(outcome));
    }

    DatabaseThread& thread_;
    Reservations& reservations_;
    base::Histogram& reserve_duration_;
};

class SqliteDatabase final : public Database {
  public:
    SqliteDatabase(const SqliteConfig& config, const base::Clock& clock, base::Metrics& metrics)
        : reservations_(metrics),
          thread_(config, clock, metrics, reservations_),
          store_(thread_, reservations_),
          pending_(thread_, clock, reservations_),
          moderation_(thread_),
          list_(thread_),
          thumbnails_(thread_),
          ledger_(thread_, reservations_, metrics) {}

    media::MetadataStore& metadata() override { return store_; }
    media::UploadLedger& ledger() override { return ledger_; }
    media::PendingMedia& pending() override { return pending_; }
    media::ModerationStore& moderation() override { return moderation_; }
    media::MediaList& list() override { return list_; }
    media::ThumbnailCatalog& thumbnails() override { return thumbnails_; }

    bool is_blob_referenced(const media::BlobKey& key) override {
        return thread_.read_and_wait([key](Store& store) { return store.is_blob_referenced(key); });
    }
    base::Secret secret(const std::string& name) override {
        auto settle = std::make_unique<SettleSecret>(name);
        std::future<base::Secret> secret = settle->secret();
        thread_.submit(std::move(settle));
        return secret.get();
    }

  private:
    Reservations reservations_;
    DatabaseThread thread_;
    SqliteMetadataStore store_;
    SqlitePendingMedia pending_;
    SqliteModerationStore moderation_;
    SqliteMediaList list_;
    SqliteThumbnailCatalog thumbnails_;
    SqliteUploadLedger ledger_;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const SqliteConfig& config, const base::Clock& clock,
                                      base::Metrics& metrics) {
    return std::make_unique<SqliteDatabase>(config, clock, metrics);
}

}  // namespace mxcd::metadata
