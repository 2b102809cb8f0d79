#include "http/access_record.hpp"

#include "mxcd/base/log.hpp"

#include "support/catch.hpp"
#include "support/memory_metrics.hpp"
#include "support/standard_error.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string>

using namespace mxcd;

namespace {

http::Access access() {
    return {.method = "GET",
            .route = "/a",
            .request_id = "id",
            .client = "192.0.2.1",
            .status = 200,
            .bytes_in = 3,
            .bytes_out = 5,
            .duration = std::chrono::microseconds(7)};
}

/// What is logged while `work` runs.
std::string lines_of(const std::function<void(http::AccessRecord&)>& work) {
    return test::standard_error_of([&work] {
        test::MemoryMetrics metrics;
        http::AccessRecord record(metrics);
        base::configure_logging({base::LogLevel::info, base::LogFormat::json});
        base::flush_and_stop_logging();  // what is passed on is seen at once
        work(record);
    });
}

}  // namespace

TEST_CASE("a request is counted when it is told of, and once") {
    test::MemoryMetrics metrics;
    http::AccessRecord record(metrics);
    record.served(access());
    record.served(access());
    CHECK(metrics.value("mxcd_http_requests_total{route=/a,method=GET,status=2xx}") == 0);
    record.tell_served();
    record.tell_served();
    CHECK(metrics.value("mxcd_http_requests_total{route=/a,method=GET,status=2xx}") == 2);
    CHECK(metrics.value("mxcd_http_request_duration_seconds{route=/a}") == 2);
    CHECK(metrics.value("mxcd_http_body_bytes_total{direction=in}") == 6);
    CHECK(metrics.value("mxcd_http_body_bytes_total{direction=out}") == 10);
}

TEST_CASE("lines of requests are written together, each once") {
    const std::string line =
        R"("level":"info","logger":"http","message":"request","method":"GET","route":"/a","status":200,)"
        R"("bytes_in":3,"bytes_out":5,"duration_ms":0.007,"request_id":"id","client":"192.0.2.1"})"
        "\n";
    const std::string text = lines_of([](http::AccessRecord& record) {
        record.served(access());
        record.served(access());
        if (write(STDERR_FILENO, "<now>", 5) < 0) std::abort();
        record.tell_served();
        record.tell_served();
    });
    CHECK(text.starts_with("<now>"));
    CHECK(std::ranges::count(text, '\n') == 2);
    CHECK_THAT(text, test::contains(line));
}

TEST_CASE("however many requests a round brings, only few of them wait") {
    const std::string text = lines_of([](http::AccessRecord& record) {
        for (int i = 0; i < 1000; ++i) record.served(access());
    });
    CHECK(std::ranges::count(text, '\n') > 950);
}
