#include "child_log.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace mxcd::modules {

namespace {

constexpr base::Logger logger("modules");
constexpr double most_at_once = 200;
constexpr double per_second = 20;
constexpr std::size_t longest_line = 4096;

}  // namespace

void log_for_module(const std::string& name, base::LogLevel level, std::string_view line) {
    const std::initializer_list<base::LogField> fields = {{"module", std::string_view(name)}, {"text", line}};
    constexpr std::string_view message = "a module says";
    switch (level) {
        case base::LogLevel::debug:
            return logger.debug(message, fields);
        case base::LogLevel::warn:
            return logger.warn(message, fields);
        case base::LogLevel::error:
            return logger.error(message, fields);
        case base::LogLevel::info:
        case base::LogLevel::off:
            return logger.info(message, fields);
    }
}

ChildLog::ChildLog(std::string name, base::Metrics& metrics)
    : name_(std::move(name)),
      dropped_(metrics.counter("mxcd_module_lines_dropped_total",
                               "Lines of modules that were left out of the log because there were too many",
                               {{"module", name_}})),
      budget_(most_at_once),
      counted_at_(std::chrono::steady_clock::now()) {}

void ChildLog::write(base::LogLevel level, std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        write_line(level, text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void ChildLog::add_output(std::string_view bytes) {
    unfinished_.append(bytes);
    const std::size_t end = unfinished_.rfind('\n');
    if (end != std::string::npos) {
        write(base::LogLevel::info, std::string_view(unfinished_).substr(0, end));
        unfinished_.erase(0, end + 1);
    }
    if (unfinished_.size() > longest_line) end_output();
}

void ChildLog::end_output() {
    write(base::LogLevel::info, unfinished_);
    unfinished_.clear();
}

void ChildLog::write_line(base::LogLevel level, std::string_view line) {
    if (line.empty()) return;
    if (!has_budget()) {
        ++dropped_in_a_row_;
        dropped_.add();
        return;
    }
    if (const std::size_t dropped = std::exchange(dropped_in_a_row_, 0); dropped > 0)
        logger.warn("a module says more than the log takes",
                    {{"module", std::string_view(name_)}, {"dropped", static_cast<std::int64_t>(dropped)}});
    log_for_module(name_, level, line);
}

bool ChildLog::has_budget() {
    const Moment now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - counted_at_;
    counted_at_ = now;
    budget_ = std::min(most_at_once, budget_ + passed.count() * per_second);
    if (budget_ < 1) return false;
    budget_ -= 1;
    return true;
}

}  // namespace mxcd::modules
