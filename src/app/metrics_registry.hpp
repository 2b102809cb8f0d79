#pragma once

#include "mxcd/base/metrics.hpp"

#include <memory>
#include <string>

namespace mxcd::app {

/// Metrics that can be read as Prometheus text.
class MetricsRegistry : public base::Metrics {
  public:
    /// Prometheus text exposition format 0.0.4. Any thread.
    [[nodiscard]] virtual std::string text() const = 0;
};

[[nodiscard]] std::unique_ptr<MetricsRegistry> make_metrics_registry();

}  // namespace mxcd::app
