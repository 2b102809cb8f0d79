#include "store_metrics.hpp"

namespace mxcd::blobs {

StoreMetrics::StoreMetrics(base::Metrics& metrics)
    : store_duration(metrics.histogram("mxcd_blob_store_duration_seconds",
                                       "Time to make a spooled body durable at its content address.",
                                       base::duration_buckets())),
      bytes_written(metrics.counter("mxcd_blob_bytes_written_total", "Bytes written to the spool.")),
      deduplicated(
          metrics.counter("mxcd_blob_deduplicated_total", "Bodies whose bytes were in the store already.")),
      open_hits(metrics.counter("mxcd_blob_open_cache_hits_total", "Blobs that were found open.")),
      open_misses(metrics.counter("mxcd_blob_open_cache_misses_total", "Blobs that had to be opened.")),
      free_bytes(metrics.gauge("mxcd_store_free_bytes", "Free space on the store's file system.")) {}

}  // namespace mxcd::blobs
