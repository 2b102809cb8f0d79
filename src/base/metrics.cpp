#include "mxcd/base/metrics.hpp"

namespace mxcd::base {

namespace {

class NoCounter final : public Counter {
  public:
    void add(double /*amount*/) override {}
};

class NoGauge final : public Gauge {
  public:
    void set(double /*value*/) override {}
    void add(double /*amount*/) override {}
};

class NoHistogram final : public Histogram {
  public:
    void observe(double /*value*/) override {}
};

class NoMetrics final : public Metrics {
  public:
    Counter& counter(const std::string& /*name*/, const std::string& /*help*/,
                     const MetricLabels& /*labels*/) override {
        return counter_;
    }
    Gauge& gauge(const std::string& /*name*/, const std::string& /*help*/,
                 const MetricLabels& /*labels*/) override {
        return gauge_;
    }
    Histogram& histogram(const std::string& /*name*/, const std::string& /*help*/,
                         const std::vector<double>& /*bounds*/, const MetricLabels& /*labels*/) override {
        return histogram_;
    }

  private:
    NoCounter counter_;
    NoGauge gauge_;
    NoHistogram histogram_;
};

}  // namespace

const std::vector<double>& duration_buckets() {
    static const std::vector<double> buckets{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                             0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
    return buckets;
}

std::unique_ptr<Metrics> make_no_metrics() { return std::make_unique<NoMetrics>(); }

}  // namespace mxcd::base
