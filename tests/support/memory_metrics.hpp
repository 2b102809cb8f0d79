#pragma once

#include "mxcd/base/metrics.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mxcd::test {

/// Metrics that a test can read: `name{label=value,...}` for counters and gauges, and for histograms the
/// number of observations. Thread-safe.
class MemoryMetrics final : public base::Metrics {
  public:
    base::Counter& counter(const std::string& name, const std::string&,
                           const base::MetricLabels& labels) override {
        return cell(name, labels);
    }
    base::Gauge& gauge(const std::string& name, const std::string&,
                       const base::MetricLabels& labels) override {
        return cell(name, labels);
    }
    base::Histogram& histogram(const std::string& name, const std::string&, const std::vector<double>&,
                               const base::MetricLabels& labels) override {
        return cell(name, labels);
    }

    /// 0 for what nobody has counted.
    [[nodiscard]] double value(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        const auto found = cells_.find(key);
        return found == cells_.end() ? 0 : found->second->value();
    }

  private:
    class Cell final : public base::Counter, public base::Gauge, public base::Histogram {
      public:
        void add(double amount) override {
            const std::lock_guard lock(mutex_);
            value_ += amount;
        }
        void set(double value) override {
            const std::lock_guard lock(mutex_);
            value_ = value;
        }
        void observe(double) override { add(1); }
        [[nodiscard]] double value() const {
            const std::lock_guard lock(mutex_);
            return value_;
        }

      private:
        mutable std::mutex mutex_;
        double value_ = 0;
    };

    Cell& cell(const std::string& name, const base::MetricLabels& labels) {
        std::string key = name;
        for (const auto& [label, value] : labels) key += (key == name ? "{" : ",") + label + "=" + value;
        if (!labels.empty()) key += "}";
        const std::lock_guard lock(mutex_);
        std::unique_ptr<Cell>& cell = cells_[key];
        if (!cell) cell = std::make_unique<Cell>();
        return *cell;
    }

    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Cell>> cells_;
};

}  // namespace mxcd::test
