#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/metrics.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace mxcd::blobs {

/// Watches how much room a file system has left; asks it at most once a second. Thread-safe.
class FreeSpace {
  public:
    using Moment = std::chrono::steady_clock::time_point;

    /// `folder` is an open folder on the file system, open for as long as this lives.
    FreeSpace(int folder, base::ByteCount floor, base::Gauge& free_bytes);

    /// More than the floor is free, and new files can be made.
    [[nodiscard]] bool has_room(Moment now);

  private:
    void look();

    const int folder_;
    const base::ByteCount floor_;
    base::Gauge& free_bytes_;
    std::atomic<Moment::rep> next_look_ = 0;
    std::atomic<bool> has_room_ = false;
};

}  // namespace mxcd::blobs
