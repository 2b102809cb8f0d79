#pragma once

#include "mxcd/base/metrics.hpp"

#include <map>
#include <mutex>
#include <string>

namespace mxcd::test {

/// Keeps every value, for tests to read: the key is the name, with the first label's value behind a slash.
class CountingMetrics final : public base::Metrics {
  public:
    base::Counter& counter(const std::string& name, const std::string& /*help*/,
                           const base::MetricLabels& labels) override {
        return at(name, labels);
    }
    base::Gauge& gauge(const std::string& name, const std::string& /*help*/,
                       const base::MetricLabels& labels) override {
        return at(name, labels);
    }
    base::Histogram& histogram(const std::string& name, const std::string& /*help*/,
                               const std::vector<double>& /*bounds*/,
                               const base::MetricLabels& labels) override {
        return at(name, labels);
    }

    /// A counter's or gauge's value, or how often a histogram has observed one.
    [[nodiscard]] double value(const std::string& key) {
        const std::lock_guard lock(mutex_);
        return series_[key].value();
    }

  private:
    class Series final : public base::Counter, public base::Gauge, public base::Histogram {
      public:
        void add(double amount) override {
            const std::lock_guard lock(mutex_);
            value_ += amount;
        }
        void set(double value) override {
            const std::lock_guard lock(mutex_);
            value_ = value;
        }
        void observe(double /*value*/) override { add(1); }
        [[nodiscard]] double value() {
            const std::lock_guard lock(mutex_);
            return value_;
        }

      private:
        std::mutex mutex_;
        double value_ = 0;
    };

    Series& at(const std::string& name, const base::MetricLabels& labels) {
        const std::lock_guard lock(mutex_);
        return series_[labels.empty() ? name : name + "/" + labels.front().second];
    }

    std::mutex mutex_;
    std::map<std::string, Series> series_;
};

}  // namespace mxcd::test
