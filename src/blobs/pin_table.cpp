#include "pin_table.hpp"

#include <cassert>

namespace mxcd::blobs {

void PinTable::pin(const media::BlobKey& key) {
    std::unique_lock lock(mutex_);
    removed_.wait(lock, [this, &key] {
        const auto found = pinned_.find(key);
        return found == pinned_.end() || !found->second.is_being_removed;
    });
    ++pinned_[key].pins;
}

void PinTable::mark_created(const media::BlobKey& key) {
    const std::lock_guard lock(mutex_);
    pinned_.at(key).was_created_here = true;
}

bool PinTable::release(const media::BlobKey& key, Ending ending) {
    const std::lock_guard lock(mutex_);
    const auto found = pinned_.find(key);
    assert(found != pinned_.end() && found->second.pins > 0);
    Pinned& pinned = found->second;
    if (ending == Ending::kept) pinned.was_kept = true;
    if (--pinned.pins > 0) return false;
    pinned.is_being_removed = pinned.was_created_here && !pinned.was_kept;
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
