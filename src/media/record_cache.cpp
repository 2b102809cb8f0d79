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

std::uint64_t RecordCache::generation() {
    const std::lock_guard lock(mutex_);
    return generation_;
}

void RecordCache::insert(std::shared_ptr<const MediaRecord> record, std::uint64_t read_in) {
    const base::ByteCount bytes = carried_bytes(*record);
    if (max_records_ == 0 || bytes > max_inline_bytes_) return;
    const std::lock_guard lock(mutex_);
    if (read_in != generation_ || index_.contains(record->id)) return;
    while (records_.size() >= max_records_ || inline_bytes_ + bytes > max_inline_bytes_)
        drop(std::prev(records_.end()));
    records_.push_front(std::move(record));
    index_.emplace(records_.front()->id, records_.begin());
    inline_bytes_ += bytes;
}

void RecordCache::erase(const matrix::MediaId& id) {
    const std::lock_guard lock(mutex_);
    ++generation_;
    const auto found = index_.find(id);
    if (found != index_.end()) drop(found->second);
}

void RecordCache::drop(Records::iterator record) {
    index_.erase((*record)->id);
    inline_bytes_ -= carried_bytes(**record);
    records_.erase(record);
}

}  // namespace mxcd::media
