#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/media/uploads.hpp"

#include <chrono>

namespace mxcd::media {

/// What is counted of uploads.
struct Uploads::Instruments {
    explicit Instruments(base::Metrics& metrics);

    base::Counter& uploads;
    base::Counter& bytes;
    base::Gauge& in_flight;
    base::Histogram& duration;
    base::Counter& too_large;
    base::Counter& no_space;
    base::Counter& module;
    base::Counter& limit;
    base::Counter& quota;
    base::Counter& file;
    base::Counter& too_many_pending;
    base::Counter& created;
    base::Counter& quarantined;
};

/// Counts an upload as in flight while it lives.
class UploadInFlight {
  public:
    explicit UploadInFlight(base::Gauge& gauge) : gauge_(gauge) { gauge_.add(1); }
    ~UploadInFlight() { gauge_.add(-1); }
    UploadInFlight(const UploadInFlight&) = delete;
    UploadInFlight& operator=(const UploadInFlight&) = delete;

    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
    }

  private:
    base::Gauge& gauge_;
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace mxcd::media
