#include "pin_table.hpp"

#include <cassert>

namespace mxcd::blobs {

void PinTable::pin(const media::BlobKey& key) {
    std::unique_lock lock(mutex_);
    static_cast<void>(pin_locked(lock, key));
}

void PinTable::pin_doomed(const media::BlobKey& key) {
    std::unique_lock lock(mutex_);
    pin_locked(lock, key).was_kept = false;
}

PinTable::Pinned& PinTable::pin_locked(std::unique_lock<std::mutex>& lock, const media::BlobKey& key) {
    removed_.wait(lock, [this, &key] {
        const auto found = pinned_.find(key);
        return found == pinned_.end() || !found->second.is_being_removed;
    });
    Pinned& pinned = pinned_[key];
    ++pinned.pins;
    return pinned;
}

void PinTable::mark_unclaimed(const media::BlobKey& key) {
    const std::lock_guard lock(mutex_);
    pinned_.at(key).is_unclaimed = true;
}

bool PinTable::release(const media::BlobKey& key, Ending ending) {
    const std::lock_guard lock(mutex_);
    const auto found = pinned_.find(key);
    assert(found != pinned_.end() && found->second.pins > 0);
    Pinned& pinned = found->second;
    if (ending == Ending::kept) pinned.was_kept = true;
    if (--pinned.pins > 0) return false;
    pinned.is_being_removed = pinned.is_unclaimed && !pinned.was_kept;
    if (pinned.is_being_removed) return true;
    pinned_.erase(found);
    return false;
}

void PinTable::finish_removal(const media::BlobKey& key) {
    const std::lock_guard lock(mutex_);
    pinned_.erase(key);
    removed_.notify_all();
}

std::size_t PinTable::size() const {
    const std::lock_guard lock(mutex_);
    return pinned_.size();
}

}  // namespace mxcd::blobs
