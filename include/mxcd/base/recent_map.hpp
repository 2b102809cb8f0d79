#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace mxcd::base {

/// A bounded map in which the least recently used entry makes room for a new one. Not thread-safe.
template <class Key, class Value, class Hash>
class RecentMap {
  public:
    /// `max_entries` is at least 1.
    explicit RecentMap(std::size_t max_entries) : max_entries_(max_entries) {}

    /// Null when absent. The pointer is good until the next change.
    [[nodiscard]] Value* find(const Key& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return &found->second->second;
    }

    void put(const Key& key, Value value) {
        erase(key);
        if (entries_.size() >= max_entries_) erase(Key(entries_.back().first));
        entries_.emplace_front(key, std::move(value));
        index_.emplace(key, entries_.begin());
    }

    void erase(const Key& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return;
        entries_.erase(found->second);
        index_.erase(found);
    }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    using Entries = std::list<std::pair<Key, Value>>;

    std::size_t max_entries_;
    Entries entries_;  // most recently used first
    std::unordered_map<Key, typename Entries::iterator, Hash> index_;
};

}  // namespace mxcd::base
