#include "app/metrics_registry.hpp"

#include "support/catch.hpp"

namespace {

using mxcd::test::contains;

TEST_CASE("metrics are told in the Prometheus text format", "[metrics]") {
    const auto metrics = mxcd::app::make_metrics_registry();
    metrics->counter("mxcd_things_total", "Things that were counted", {{"kind", "good"}}).add(3);
    metrics->gauge("mxcd_level", "How high it stands").set(1.5);
    mxcd::base::Histogram& histogram = metrics->histogram("mxcd_wait_seconds", "How long it took", {0.1, 1});
    histogram.observe(0.05);
    histogram.observe(5);
    const std::string text = metrics->text();
    for (const char* line :
         {"# HELP mxcd_things_total Things that were counted\n", "# TYPE mxcd_things_total counter\n",
          "mxcd_things_total{kind=\"good\"} 3\n", "# TYPE mxcd_level gauge\n", "mxcd_level 1.5\n",
          "# TYPE mxcd_wait_seconds histogram\n", "mxcd_wait_seconds_bucket{le=\"0.1\"} 1\n",
          "mxcd_wait_seconds_bucket{le=\"+Inf\"} 2\n", "mxcd_wait_seconds_count 2\n"})
        CHECK_THAT(text, contains(line));
}

TEST_CASE("one name and the same labels are one metric", "[metrics]") {
    const auto metrics = mxcd::app::make_metrics_registry();
    mxcd::base::Counter& first = metrics->counter("mxcd_a_total", "a", {{"x", "1"}, {"y", "2"}});
    CHECK(&first == &metrics->counter("mxcd_a_total", "a", {{"y", "2"}, {"x", "1"}}));
    CHECK(&first != &metrics->counter("mxcd_a_total", "a", {{"x", "1"}, {"y", "3"}}));
    const std::string text = metrics->text();
    CHECK(text.find("# TYPE mxcd_a_total") == text.rfind("# TYPE mxcd_a_total"));
}

}  // namespace
