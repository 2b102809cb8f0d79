#pragma once

#include "mxcd/media/blob_store.hpp"

#include "key_hash.hpp"

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace mxcd::blobs {

/// The blobs that were opened last, kept open: what is popular is sent without touching a folder.
/// Thread-safe.
class OpenCache {
  public:
    explicit OpenCache(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] std::optional<media::OpenBlob> find(const media::BlobKey& key);
    /// Puts the blob in front; the one that was not used for longest goes when there are too many.
    void add(const media::BlobKey& key, media::OpenBlob blob);
    void erase(const media::BlobKey& key);

  private:
    using Entry = std::pair<media::BlobKey, media::OpenBlob>;

    const std::size_t limit_;
    std::mutex mutex_;
    std::list<Entry> by_use_;  // the last used one in front
    std::unordered_map<media::BlobKey, std::list<Entry>::iterator, KeyHash> by_key_;
};

}  // namespace mxcd::blobs
