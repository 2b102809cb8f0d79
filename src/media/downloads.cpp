#include "mxcd/media/downloads.hpp"

#include "mxcd/base/errors.hpp"

#include "record_cache.hpp"

#include <utility>

namespace mxcd::media {

namespace {

constexpr base::ByteCount cached_bytes(16 * 1024 * 1024);

}  // namespace

Downloads::Downloads(MetadataStore& metadata, BlobStore& blobs, base::Metrics& metrics,
                     std::size_t cached_records)
    : metadata_(metadata),
      blobs_(blobs),
      cache_hits_(metrics.counter("mxcd_record_cache_hits_total", "Media records that were found in memory")),
      cache_(std::make_unique<RecordCache>(cached_records, cached_bytes)) {}

Downloads::~Downloads() = default;

async::Task<std::optional<Download>> Downloads::open(const matrix::MediaId& id) {
    std::shared_ptr<const MediaRecord> record = co_await find(id);
    if (!record || record->quarantined_by) co_return std::nullopt;
    if (record->inline_body) co_return Download{std::move(record), std::nullopt};
    std::optional<OpenBlob> blob = co_await blobs_.open(record->blob);
    if (!blob) throw base::StorageError("the bytes of a media row are missing");
    if (blob->size != record->size) throw base::StorageError("the bytes of a media row have another size");
    co_return Download{std::move(record), std::move(blob)};
}

std::shared_ptr<const MediaRecord> Downloads::recall(const matrix::MediaId& id) {
    std::shared_ptr<const MediaRecord> record = cache_->find(id);
    if (!record || record->quarantined_by) return nullptr;
    cache_hits_.add();
    return record;
}

async::Task<std::shared_ptr<const MediaRecord>> Downloads::find(const matrix::MediaId& id) {
    std::shared_ptr<const MediaRecord> record = cache_->find(id);
    if (record) {
        cache_hits_.add();
        co_return std::move(record);
    }
    const std::uint64_t generation = cache_->generation();
    std::optional<MediaRecord> found = co_await metadata_.find(id);
    if (!found) co_return nullptr;
    record = std::make_shared<const MediaRecord>(*std::move(found));
    cache_->insert(record, generation);
    co_return std::move(record);
}

void Downloads::forget(const matrix::MediaId& id) { cache_->erase(id); }

}  // namespace mxcd::media
