#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/hash.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/media/metadata_store.hpp"
#include "mxcd/media/upload_ledger.hpp"
#include "mxcd/metadata/database.hpp"

#include "support/manual_clock.hpp"
#include "support/memory_metadata.hpp"
#include "support/run_task.hpp"
#include "support/temp_folder.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace mxcd::metadata::test {

using base::ByteCount;
using mxcd::test::ManualClock;
using mxcd::test::TaskRunner;
using mxcd::test::TempFolder;
using namespace std::chrono_literals;

inline matrix::UserId user(const std::string& name = "alice") {
    return matrix::UserId::parse("@" + name + ":example.org").value();
}
inline matrix::MediaId media_id(const std::string& text) { return matrix::MediaId::parse(text).value(); }

inline media::UploadLimit limit(std::chrono::milliseconds period, std::int64_t bytes) {
    return {period, ByteCount(bytes), "", false};
}

inline media::MediaRecord record(const matrix::UserId& owner, const std::string& id, std::int64_t size) {
    return {media_id(id), owner,           "text/plain",
            std::nullopt, ByteCount(size), media::BlobKey{base::sha256(id)},
            {},           nullptr};
}

inline media::MediaRecord inline_record(const matrix::UserId& owner, const std::string& id,
                                        const std::string& body) {
    media::MediaRecord result = record(owner, id, static_cast<std::int64_t>(body.size()));
    result.blob = media::BlobKey{base::sha256(body)};
    result.inline_body = std::make_shared<const std::string>(body);
    return result;
}

/// Remembers the largest value that each histogram has seen.
class WatchedMetrics final : public base::Metrics {
  public:
    base::Counter& counter(const std::string& name, const std::string& help,
                           const base::MetricLabels&) override {
        return nothing_->counter(name, help);
    }
    base::Gauge& gauge(const std::string& name, const std::string& help, const base::MetricLabels&) override {
        return nothing_->gauge(name, help);
    }
    base::Histogram& histogram(const std::string& name, const std::string&, const std::vector<double>&,
                               const base::MetricLabels&) override {
        return histograms_[name];
    }
    [[nodiscard]] double largest(const std::string& name) { return histograms_[name].largest; }

  private:
    struct Largest final : base::Histogram {
        void observe(double value) override {
            double seen = largest;
            while (value > seen && !largest.compare_exchange_weak(seen, value)) {
            }
        }
        std::atomic<double> largest = 0;
    };
    std::unique_ptr<base::Metrics> nothing_ = base::make_no_metrics();
    std::map<std::string, Largest> histograms_;
};

/// The implementations that keep the contracts: whoever adds one adds it to `Implementations`.
class OnSqlite {
  public:
    media::UploadLedger& ledger() { return database_->ledger(); }
    media::MetadataStore& store() { return database_->metadata(); }
    media::PendingMedia& pending() { return database_->pending(); }
    media::ModerationStore& moderation() { return database_->moderation(); }
    media::MediaList& list() { return database_->list(); }
    Database& database() { return *database_; }
    WatchedMetrics& metrics() { return metrics_; }
    /// As after a restart of the service.
    void reopen() {
        database_.reset();
        database_ = open_sqlite({.path = path()}, clock, metrics_);
    }
    [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "mxcd.db"; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

    ManualClock clock;

  private:
    TempFolder folder_;
    WatchedMetrics metrics_;
    std::unique_ptr<Database> database_ = open_sqlite({.path = path()}, clock, metrics_);
};

class InMemory {
  public:
    media::UploadLedger& ledger() { return memory_; }
    media::MetadataStore& store() { return memory_; }
    media::PendingMedia& pending() { return memory_; }
    media::ModerationStore& moderation() { return memory_; }
    media::MediaList& list() { return memory_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

    ManualClock clock;

  private:
    TempFolder folder_;
    mxcd::test::MemoryMetadata memory_{clock};
};

using Implementations = std::tuple<OnSqlite, InMemory>;

/// An implementation and everyday things to do with it. Blocks; for the test's thread.
template <class Implementation>
class Scene {
  public:
    using Limits = std::vector<media::UploadLimit>;

    media::ReserveOutcome reserve(std::int64_t size, Limits limits, const matrix::UserId& who = user()) {
        return runner.run(on.ledger().reserve({who, ByteCount(size), std::move(limits), {}}));
    }
    media::ReserveOutcome reserve_with_quota(std::int64_t size, media::StorageQuota quota) {
        return runner.run(on.ledger().reserve({user(), ByteCount(size), {}, {quota}}));
    }
    [[nodiscard]] bool fits(std::int64_t size, const Limits& limits, const matrix::UserId& who = user()) {
        return std::holds_alternative<media::Reservation>(reserve(size, limits, who));
    }
    media::Reservation must_reserve(std::int64_t size, const matrix::UserId& who = user()) {
        return std::get<media::Reservation>(reserve(size, {}, who));
    }
    void settle(media::Reservation reservation, std::int64_t size, const matrix::UserId& who = user()) {
        runner.run(on.store().record_upload(record(who, next_id(), size), reservation.id()));
        reservation.settled();
    }
    /// A whole upload without limits.
    void upload(std::int64_t size, const matrix::UserId& who = user()) {
        settle(must_reserve(size, who), size, who);
    }

    [[nodiscard]] media::WindowUsage usage(const media::UploadLimit& of, const matrix::UserId& who = user()) {
        return runner.run(on.ledger().usage(who, {of})).at(0);
    }
    [[nodiscard]] std::int64_t sent(const media::UploadLimit& of) { return usage(of).sent.value(); }
    [[nodiscard]] std::string next_id() { return "media" + std::to_string(next_id_++); }

    TaskRunner runner;  // above the database, whose thread posts to it
    Implementation on;

  private:
    int next_id_ = 1;
};

}  // namespace mxcd::metadata::test
