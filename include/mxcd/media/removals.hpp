#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/metadata_store.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace mxcd::media {

/// Takes away bytes whose row has gone; but not while somebody copies rows and then bytes, whose copy may
/// still have that row. Thread-safe.
class Removals {
  public:
    /// `background` owns what is done after a hold; it is cancelled and empty before this object goes.
    Removals(MetadataStore& metadata, async::TaskGroup& background)
        : metadata_(metadata), background_(background) {}
    Removals(const Removals&) = delete;
    Removals& operator=(const Removals&) = delete;

    /// Once the row has gone: the bytes go, too, unless another row has them. During a hold they are left
    /// until its end. What is not decided when the service stops, the next start decides.
    async::Task<> remove(std::unique_ptr<DoomedBlob> blob, BlobKey key);

    /// No bytes go while it lives. What waits for its end then runs on `home`.
    class Hold {
      public:
        Hold(Removals& removals, async::Executor home) : removals_(removals), home_(std::move(home)) {
            removals_.begin_hold();
        }
        ~Hold() { removals_.end_hold(home_); }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

      private:
        Removals& removals_;
        async::Executor home_;
    };

  private:
    struct Waiting {
        std::unique_ptr<DoomedBlob> blob;
        BlobKey key;
    };

    void begin_hold();
    void end_hold(const async::Executor& home) noexcept;
    /// True when there is a hold; then the blob has been taken.
    bool wait_for_end(std::unique_ptr<DoomedBlob>& blob, const BlobKey& key);
    async::Task<> remove_all(std::vector<Waiting> waiting);

    MetadataStore& metadata_;
    async::TaskGroup& background_;
    std::mutex mutex_;
    std::size_t holds_ = 0;
    std::vector<Waiting> waiting_;
    std::int64_t left_out_ = 0;  // of this hold, because too many wait
};

}  // namespace mxcd::media
