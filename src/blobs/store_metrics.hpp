#pragma once

#include "mxcd/base/metrics.hpp"

namespace mxcd::blobs {

/// What a folder store counts.
struct StoreMetrics {
    explicit StoreMetrics(base::Metrics& metrics);

    base::Histogram& store_duration;
    base::Counter& bytes_written;
    base::Counter& deduplicated;
    base::Counter& open_hits;
    base::Counter& open_misses;
    base::Gauge& free_bytes;
};

}  // namespace mxcd::blobs
