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
/// them, so a failed upload may take them away only if an upload of this process put them there, nobody else
/// is in flight with them, and nobody of those kept them. Thread-safe; pin() may block for as long as a
/// removal takes.
class PinTable {
  public:
    /// Before looking at or touching the content address. Waits while the last user's bytes are being
    /// removed.
    void pin(const media::BlobKey& key);
    /// The pinned bytes were not there before and are now.
    void mark_created(const media::BlobKey& key);
    /// Gives the pin back. True when the caller must now remove the bytes and then call finish_removal().
    [[nodiscard]] bool release(const media::BlobKey& key, Ending ending);
    void finish_removal(const media::BlobKey& key);

    [[nodiscard]] std::size_t size() const;

  private:
    struct Pinned {
        std::size_t pins = 0;
        bool was_created_here = false;
        bool was_kept = false;
        bool is_being_removed = false;
    };

    mutable std::mutex mutex_;
    std::condition_variable removed_;
    std::unordered_map<media::BlobKey, Pinned, KeyHash> pinned_;
};

}  // namespace mxcd::blobs
