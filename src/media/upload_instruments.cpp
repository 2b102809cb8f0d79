#include "upload_instruments.hpp"

#include <string>

namespace mxcd::media {

namespace {

base::Counter& refusals(base::Metrics& metrics, const std::string& reason) {
    return metrics.counter("mxcd_upload_refusals_total", "Uploads that were refused", {{"reason", reason}});
}

}  // namespace

Uploads::Instruments::Instruments(base::Metrics& metrics)
    : uploads(metrics.counter("mxcd_uploads_total", "Uploads that were stored")),
      bytes(metrics.counter("mxcd_upload_bytes_total", "Bytes of the uploads that were stored")),
      in_flight(metrics.gauge("mxcd_uploads_in_flight", "Uploads under way")),
      duration(metrics.histogram("mxcd_upload_duration_seconds",
                                 "From admission to commit, of stored uploads", base::duration_buckets())),
      too_large(refusals(metrics, "too_large")),
      no_space(refusals(metrics, "no_space")),
      module(refusals(metrics, "module")),
      limit(refusals(metrics, "limit")),
      quota(refusals(metrics, "quota")),
      file(refusals(metrics, "file")),
      too_many_pending(refusals(metrics, "pending")),
      created(
          metrics.counter("mxcd_media_ids_created_total", "Media IDs that were created to be filled later")),
      quarantined(metrics.counter("mxcd_uploads_quarantined_total",
                                  "Uploads that were stored and are not served, on a module's word")) {}

}  // namespace mxcd::media
