#pragma once

#include "key_hash.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace mxcd::blobs {

enum class Ending : std::uint8_t { kept, failed };

/// Who in this process is about to rely on the bytes at a content address. Uploads of the same bytes share
/// them, so a failed upload may take them away only if an upload of this process put them there (or their
/// last row has gone), nobody else is in flight with them, and nobody of those kept them. Thread-safe; pin()
/// may block for as long as a removal takes.
class PinTable {
  public:
    /// Before looking at or touching the content address. Waits while the last user's bytes are being
    /// removed.
    void pin(const media::BlobKey& key);
    /// The same before the bytes' last row may go: what was kept until now is forgotten, and whoever pins
    /// asks afterwards whether there is a row.
    void pin_doomed(const media::BlobKey& key);
    /// The pinned bytes were not there before and are now; or no row refers to them any more.
    void mark_unclaimed(const media::BlobKey& key);
    /// Gives the pin back. True when the caller must now remove the bytes and then call finish_removal().
    [[nodiscard]] bool release(const media::BlobKey& key, Ending ending);
    void finish_removal(const media::BlobKey& key);

    [[nodiscard]] std::size_t size() const;

  private:
    struct Pinned {
        std::size_t pins = 0;
        bool is_unclaimed = false;  // nobody but the pins of this process may rely on them
        bool was_kept = false;
        bool is_being_removed = false;
    };

    Pinned& pin_locked(std::unique_lock<std::mutex>& lock, const media::BlobKey& key);

    mutable std::mutex mutex_;
    std::condition_variable removed_;
    std::unordered_map<media::BlobKey, Pinned, KeyHash> pinned_;
};

}  // namespace mxcd::blobs
