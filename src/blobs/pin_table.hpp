#pragma once

#include "key_hash.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace mxcd::blobs {

enum class Ending : std::uint8_t { kept, failed };

/// Who in this process is about to rely on the bytes at a content address, and who wants them gone. Uploads
/// of the same bytes share them, so a failed upload may take them away only if an upload of this process put
/// them there, nobody else is in flight with them, and nobody of those kept them. A deletion may, when it
/// found no row and no upload was in flight since it looked. Thread-safe; pin() may block for as long as a
/// removal takes.
class PinTable {
  public:
    /// Before looking at or touching the content address. Waits while the bytes are being removed.
    void pin(const media::BlobKey& key);
    /// The pinned bytes were not there before and are now.
    void mark_unclaimed(const media::BlobKey& key);
    /// Gives the pin back. True when the caller must now remove the bytes and then call finish_removal().
    [[nodiscard]] bool release(const media::BlobKey& key, Ending ending);

    /// Before the bytes' last row may go; until unwatch().
    void watch(const media::BlobKey& key);
    /// How many uploads have kept the bytes that are being watched. To be asked for before the rows are.
    [[nodiscard]] std::uint64_t kept_count(const media::BlobKey& key) const;
    /// True when the caller must now remove the bytes, which no row needs, and then call finish_removal().
    /// False when an upload is in flight with them or kept them since kept_count(), so that a row may be
    /// there.
    [[nodiscard]] bool begin_removal(const media::BlobKey& key, std::uint64_t kept_count);
    void unwatch(const media::BlobKey& key);

    void finish_removal(const media::BlobKey& key);

    [[nodiscard]] std::size_t size() const;

  private:
    struct Pinned {
        std::size_t uploads = 0;
        std::size_t watchers = 0;
        std::uint64_t kept = 0;
        bool is_unclaimed = false;  // put there by the uploads that are in flight, and by nobody before them
        bool is_being_removed = false;
    };
    using Entries = std::unordered_map<media::BlobKey, Pinned, KeyHash>;

    void drop_when_idle(Entries::iterator entry);

    mutable std::mutex mutex_;
    std::condition_variable removed_;
    Entries pinned_;
};

}  // namespace mxcd::blobs
