#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mxcd::base {

class Counter {
  public:
    virtual ~Counter() = default;
    virtual void add(double amount = 1) = 0;
};

class Gauge {
  public:
    virtual ~Gauge() = default;
    virtual void set(double value) = 0;
    virtual void add(double amount) = 0;
};

class Histogram {
  public:
    virtual ~Histogram() = default;
    virtual void observe(double value) = 0;
};

/// Label names and values. Never a user, a media ID or a remote name: those are unbounded and private.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// What can be counted and seen from outside. Asking twice for one name and labels gives the same object;
/// objects live as long as the Metrics. Ask once at construction and keep the reference: asking is slow,
/// using is cheap. Thread-safe. Names start with `mxcd_`; durations are in seconds, sizes in bytes.
/// docs/metrics.md lists them all.
class Metrics {
  public:
    virtual ~Metrics() = default;
    virtual Counter& counter(const std::string& name, const std::string& help,
                             const MetricLabels& labels = {}) = 0;
    virtual Gauge& gauge(const std::string& name, const std::string& help,
                         const MetricLabels& labels = {}) = 0;
    /// `bounds` are the upper bounds of the buckets, ascending.
    virtual Histogram& histogram(const std::string& name, const std::string& help,
                                 const std::vector<double>& bounds, const MetricLabels& labels = {}) = 0;
};

/// Buckets for durations from 100 microseconds to 10 seconds.
[[nodiscard]] const std::vector<double>& duration_buckets();

/// Counts nothing: for tests and tools.
[[nodiscard]] std::unique_ptr<Metrics> make_no_metrics();

}  // namespace mxcd::base
