#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/base/log.hpp"

#include "line_buffer.hpp"

#include <initializer_list>
#include <string_view>

namespace mxcd::base {

struct LogEntry {
    TimePoint time;
    LogLevel level;
    std::string_view room;
    std::string_view message;
    std::initializer_list<LogField> fields;
};

/// Appends the entry as one line with its line feed. Whatever the texts hold, it stays one line of valid
/// UTF-8.
void append_log_line(LineBuffer& lines, LogFormat format, const LogEntry& entry);

}  // namespace mxcd::base
