#pragma once

#include "mxcd/base/log.hpp"
#include "mxcd/base/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace mxcd::modules {

/// A line in our log that a module wrote; `name` is its entry's.
void log_for_module(const std::string& name, base::LogLevel level, std::string_view line);

/// Writes what a child says to our log, line by line, and no more than a reader can follow: 200 lines at
/// once and 20 a second; what is over is counted. For one thread.
class ChildLog {
  public:
    ChildLog(std::string name, base::Metrics& metrics);

    /// A text of one or more lines.
    void write(base::LogLevel level, std::string_view text);
    /// A piece of a stream of lines; the last line waits for its end, but not when it gets too long.
    void add_output(std::string_view bytes);
    /// Writes what is left of a stream that has ended.
    void end_output();

  private:
    using Moment = std::chrono::steady_clock::time_point;

    void write_line(base::LogLevel level, std::string_view line);
    [[nodiscard]] bool has_budget();

    const std::string name_;
    base::Counter& dropped_;
    std::string unfinished_;
    double budget_;
    Moment counted_at_;
    std::size_t dropped_in_a_row_ = 0;
};

}  // namespace mxcd::modules
