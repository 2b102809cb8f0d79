#pragma once

#include "mxcd/matrix/ids.hpp"

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace mxcd::media {

/// New media whose thumbnails are to be made in the background: some at a time, the others in the order in
/// which they came. Thread-safe.
class PreparationQueue {
  public:
    /// One of those who prepare media, as long as there is any.
    class Turn {
      public:
        explicit Turn(PreparationQueue& queue) : queue_(&queue) {}
        Turn(Turn&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)) {}
        Turn& operator=(Turn&&) = delete;
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            if (queue_ != nullptr) queue_->leave();
        }

        /// The next to prepare; nothing when none waits, and then the turn is over.
        [[nodiscard]] std::optional<matrix::MediaId> next();
        /// Lets media that could not be prepared now wait once more.
        void put_back(matrix::MediaId media);

      private:
        PreparationQueue* queue_;
    };

    /// A turn to prepare this media at once and then what waits. Without one the media waits for somebody
    /// else's; or is left out, because far too many wait.
    [[nodiscard]] std::optional<Turn> begin(const matrix::MediaId& media);

  private:
    void leave() noexcept;
    void wait(matrix::MediaId media);

    std::mutex mutex_;
    std::size_t turns_ = 0;
    std::deque<matrix::MediaId> waiting_;
};

}  // namespace mxcd::media
