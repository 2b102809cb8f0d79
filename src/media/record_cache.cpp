#include "record_cache.hpp"

#include <iterator>
#include <utility>

namespace mxcd::media {

namespace {

base::ByteCount carried_bytes(const MediaRecord& record) {
    return record.inline_body ? base::ByteCount(std::ssize(*record.inline_body)) : base::ByteCount(0);
}

}  // namespace

std::shared_ptr<const MediaRecord> RecordCache::find(const matrix::MediaId& id) {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(id);
    if (found == index_.end()) return nullptr;
    records_.splice(records_.begin(), records_, found->second);
    return *found->second;
}

void RecordCache::insert(std::shared_ptr<const MediaRecord> record) {
    const base::ByteCount bytes = carried_bytes(*record);
    if (max_records_ == 0 || bytes > max_inline_bytes_) return;
    const std::lock_guard lock(mutex_);
    if (index_.contains(record->id)) return;
    while (records_.size() >= max_records_ || inline_bytes_ + bytes > max_inline_bytes_) drop_oldest();
    records_.push_front(std::move(record));
    index_.emplace(records_.front()->id, records_.begin());
    inline_bytes_ += bytes;
}

void RecordCache::drop_oldest() {
    const Records::iterator oldest = std::prev(records_.end());
    index_.erase((*oldest)->id);
    inline_bytes_ -= carried_bytes(**oldest);
    records_.erase(oldest);
}

}  // namespace mxcd::media
