#include "open_cache.hpp"

namespace mxcd::blobs {

std::optional<media::OpenBlob> OpenCache::find(const media::BlobKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return std::nullopt;
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return found->second->second;
}

void OpenCache::add(const media::BlobKey& key, media::OpenBlob blob) {
    std::list<Entry> evicted;  // closes its files after the lock is given back
    const std::lock_guard lock(mutex_);
    if (by_key_.contains(key)) return;
    by_use_.emplace_front(key, std::move(blob));
    by_key_.emplace(key, by_use_.begin());
    if (by_use_.size() <= limit_) return;
    by_key_.erase(by_use_.back().first);
    evicted.splice(evicted.begin(), by_use_, std::prev(by_use_.end()));
}

void OpenCache::erase(const media::BlobKey& key) {
    std::list<Entry> erased;
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return;
    erased.splice(erased.begin(), by_use_, found->second);
    by_key_.erase(found);
}

}  // namespace mxcd::blobs
