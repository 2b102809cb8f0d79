#include "metrics_registry.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <utility>

namespace mxcd::app {

namespace {

class PrometheusCounter final : public base::Counter {
  public:
    explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
    void add(double amount) override { counter_.Increment(amount); }

  private:
    prometheus::Counter& counter_;
};

class PrometheusGauge final : public base::Gauge {
  public:
    explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
    void set(double value) override { gauge_.Set(value); }
    void add(double amount) override { gauge_.Increment(amount); }

  private:
    prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public base::Histogram {
  public:
    explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
    void observe(double value) override { histogram_.Observe(value); }

  private:
    prometheus::Histogram& histogram_;
};

prometheus::Labels labels_of(const base::MetricLabels& labels) {
    prometheus::Labels result;
    for (const auto& [name, value] : labels) result.emplace(name, value);
    return result;
}

class PrometheusMetrics final : public MetricsRegistry {
  public:
    base::Counter& counter(const std::string& name, const std::string& help,
                           const base::MetricLabels& labels) override {
        const std::lock_guard lock(mutex_);
        std::unique_ptr<PrometheusCounter>& known = counters_[Key(name, labels_of(labels))];
        if (!known) {
            auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
            known = std::make_unique<PrometheusCounter>(family.Add(labels_of(labels)));
        }
        return *known;
    }

    base::Gauge& gauge(const std::string& name, const std::string& help,
                       const base::MetricLabels& labels) override {
        const std::lock_guard lock(mutex_);
        std::unique_ptr<PrometheusGauge>& known = gauges_[Key(name, labels_of(labels))];
        if (!known) {
            auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
            known = std::make_unique<PrometheusGauge>(family.Add(labels_of(labels)));
        }
        return *known;
    }

    base::Histogram& histogram(const std::string& name, const std::string& help,
                               const std::vector<double>& bounds, const base::MetricLabels& labels) override {
        const std::lock_guard lock(mutex_);
        std::unique_ptr<PrometheusHistogram>& known = histograms_[Key(name, labels_of(labels))];
        if (!known) {
            auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
            known = std::make_unique<PrometheusHistogram>(family.Add(labels_of(labels), bounds));
        }
        return *known;
    }

    [[nodiscard]] std::string text() const override {
        return prometheus::TextSerializer().Serialize(registry_.Collect());
    }

  private:
    using Key = std::pair<std::string, prometheus::Labels>;

    prometheus::Registry registry_{prometheus::Registry::InsertBehavior::Merge};  // one family per name
    std::mutex mutex_;
    std::map<Key, std::unique_ptr<PrometheusCounter>> counters_;
    std::map<Key, std::unique_ptr<PrometheusGauge>> gauges_;
    std::map<Key, std::unique_ptr<PrometheusHistogram>> histograms_;
};

}  // namespace

std::unique_ptr<MetricsRegistry> make_metrics_registry() { return std::make_unique<PrometheusMetrics>(); }

}  // namespace mxcd::app
