#pragma once

#include "folders.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace mxcd::blobs {

/// Flushes shard folders so that those who wait for the same folder at the same time share one flush.
/// Thread-safe; blocks, so for workers only.
class FolderFlusher {
  public:
    /// `flush` flushes one shard's folder now, or throws.
    explicit FolderFlusher(std::function<void(std::size_t shard)> flush) : flush_(std::move(flush)) {}

    /// Returns once a flush that began after this call has succeeded. Throws what `flush` throws; whoever
    /// shared a flush that failed makes an attempt of their own, so `flush` decides whether there is a second
    /// chance.
    void flush(std::size_t shard);

  private:
    struct Shard {
        std::mutex mutex;
        std::condition_variable ended;
        std::uint64_t begun = 0;
        std::uint64_t last_good = 0;
        bool is_flushing = false;
    };

    void lead(Shard& shard, std::size_t number, std::unique_lock<std::mutex>& lock);

    std::function<void(std::size_t)> flush_;
    std::array<Shard, shard_count> shards_;
};

}  // namespace mxcd::blobs
