#include "pin_table.hpp"

#include <cassert>

namespace mxcd::blobs {

void PinTable::pin(const media::BlobKey& key) {
    std::unique_lock lock(mutex_);
    removed_.wait(lock, [this, &key] {
        const auto found = pinned_.find(key);
        return found == pinned_.end() || !found->second.is_being_removed;
    });
    ++pinned_[key].uploads;
}

void PinTable::mark_unclaimed(const media::BlobKey& key) {
    const std::lock_guard lock(mutex_);
    pinned_.at(key).is_unclaimed = true;
}

bool PinTable::release(const media::BlobKey& key, Ending ending) {
    const std::lock_guard lock(mutex_);
    const auto found = pinned_.find(key);
    assert(found != pinned_.end() && found->second.uploads > 0);
    Pinned& pinned = found->second;
    --pinned.uploads;
    if (ending == Ending::kept) {
        ++pinned.kept;
        pinned.is_unclaimed = false;
    }
    if (pinned.uploads == 0 && pinned.is_unclaimed) {
        pinned.is_being_removed = true;
        return true;
    }
    drop_when_idle(found);
    return false;
}

void PinTable::watch(const media::BlobKey& key) {
    const std::lock_guard lock(mutex_);
    ++pinned_[key].watchers;
}

std::uint64_t PinTable::kept_count(const media::BlobKey& key) const {
    const std::lock_guard lock(mutex_);
    return pinned_.at(key).kept;
}

bool PinTable::begin_removal(const media::BlobKey& key, std::uint64_t kept_count) {
    const std::lock_guard lock(mutex_);
    Pinned& pinned = pinned_.at(key);
    if (pinned.uploads > 0 || pinned.is_being_removed || pinned.kept != kept_count) return false;
    pinned.is_being_removed = true;
    return true;
}

void PinTable::unwatch(const media::BlobKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = pinned_.find(key);
    assert(found != pinned_.end() && found->second.watchers > 0);
    --found->second.watchers;
    drop_when_idle(found);
}

void PinTable::finish_removal(const media::BlobKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = pinned_.find(key);
    found->second.is_being_removed = false;
    found->second.is_unclaimed = false;
    drop_when_idle(found);
    removed_.notify_all();
}

void PinTable::drop_when_idle(Entries::iterator entry) {
    const Pinned& pinned = entry->second;
    if (pinned.uploads == 0 && pinned.watchers == 0 && !pinned.is_being_removed) pinned_.erase(entry);
}

std::size_t PinTable::size() const {
    const std::lock_guard lock(mutex_);
    return pinned_.size();
}

}  // namespace mxcd::blobs
