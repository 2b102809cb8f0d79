#include "http/access_record.hpp"

#include "support/catch.hpp"
#include "support/memory_metrics.hpp"

#include <string>

using namespace mxcd;

namespace {

constexpr const char* counted = "mxcd_http_requests_total{route=/a,method=GET,status=2xx}";

http::Access access() {
    return {.method = "GET",
            .route = "/a",
            .request_id = "id",
            .client = "192.0.2.1",
            .status = 200,
            .bytes_in = 3,
            .bytes_out = 5};
}

}  // namespace

TEST_CASE("requests are counted when they are told of, each once") {
    test::MemoryMetrics metrics;
    http::AccessRecord record(metrics);
    for (int i = 0; i < 3; ++i) record.served(access());
    CHECK(metrics.value(counted) == 0);
    record.tell_served();
    record.tell_served();
    CHECK(metrics.value(counted) == 3);
    CHECK(metrics.value("mxcd_http_request_duration_seconds{route=/a}") == 3);
    CHECK(metrics.value("mxcd_http_body_bytes_total{direction=in}") == 9);
    CHECK(metrics.value("mxcd_http_body_bytes_total{direction=out}") == 15);
}

TEST_CASE("however many requests a round brings, only few of them wait to be told of") {
    test::MemoryMetrics metrics;
    http::AccessRecord record(metrics);
    for (int i = 0; i < 10'000; ++i) record.served(access());
    CHECK(metrics.value(counted) > 9'900);
}
