#include "folder_flusher.hpp"

#include <exception>

namespace mxcd::blobs {

void FolderFlusher::flush(std::size_t number) {
    Shard& shard = shards_.at(number);
    std::unique_lock lock(shard.mutex);
    // A flush that runs already may have passed the caller's entry by: only the next one counts.
    const std::uint64_t wanted = shard.begun + 1;
    while (shard.last_good < wanted) {
        if (shard.is_flushing) {
            shard.ended.wait(lock);
        } else {
            lead(shard, number, lock);
        }
    }
}

void FolderFlusher::lead(Shard& shard, std::size_t number, std::unique_lock<std::mutex>& lock) {
    const std::uint64_t mine = ++shard.begun;
    shard.is_flushing = true;
    lock.unlock();
    std::exception_ptr failure;
    try {
        flush_(number);
    } catch (...) {
        failure = std::current_exception();
    }
    lock.lock();
    shard.is_flushing = false;
    if (!failure) shard.last_good = mine;
    shard.ended.notify_all();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace mxcd::blobs
