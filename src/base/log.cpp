#include "mxcd/base/log.hpp"

#include "log_buffer.hpp"
#include "log_line.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace mxcd::base {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::off:
            break;
    }
    return spdlog::level::off;
}

/// Lines arrive finished, so spdlog's own formatting has nothing to do.
class BufferSink final : public spdlog::sinks::sink {
  public:
    explicit BufferSink(LogBuffer& buffer) : buffer_(buffer) {}

    void log(const spdlog::details::log_msg& message) override {
        buffer_.append({message.payload.data(), message.payload.size()},
                       message.level >= spdlog::level::warn);
    }
    void flush() override {}
    void set_pattern(const std::string& /*pattern*/) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}

  private:
    LogBuffer& buffer_;
};

/// What one thread is about to pass on: one line, or all of a LogGathering.
struct Outgoing {
    LineBuffer lines;
    spdlog::level::level_enum level = spdlog::level::trace;
    std::optional<spdlog::log_clock::time_point> gathered_since;
};

constexpr std::size_t most_gathered = 4096;

Outgoing& outgoing() {
    thread_local Outgoing mine;
    return mine;
}

/// The log of this process.
class ProcessLog {
  public:
    ProcessLog() { front_.set_level(spdlog::level::warn); }

    void configure(const LogConfig& config) {
        format_ = config.format;
        front_.set_level(to_spdlog(config.level));
        buffer_.start();
    }

    void stop() { buffer_.stop(); }

    void write(LogLevel level, std::string_view room, std::string_view message,
               std::initializer_list<LogField> fields) {
        if (!front_.should_log(to_spdlog(level))) return;
        Outgoing& mine = outgoing();
        const auto now = mine.gathered_since ? *mine.gathered_since : spdlog::log_clock::now();
        try {
            append_log_line(
                mine.lines, format_,
                {std::chrono::floor<std::chrono::milliseconds>(now), level, room, message, fields});
        } catch (const std::bad_alloc&) {
            return;  // no line is worth what its caller does
        }
        mine.level = std::max(mine.level, to_spdlog(level));
        const bool may_wait = mine.gathered_since && mine.level < spdlog::level::warn &&
                              mine.lines.text().size() < most_gathered;
        if (!may_wait) pass_on(mine, now);
    }

    void begin_gathering() { outgoing().gathered_since = spdlog::log_clock::now(); }

    void end_gathering() {
        Outgoing& mine = outgoing();
        const auto began = std::exchange(mine.gathered_since, std::nullopt);
        if (!mine.lines.text().empty()) pass_on(mine, began.value());
    }

  private:
    /// What a reload has silenced meanwhile is not wanted any more.
    void pass_on(Outgoing& mine, spdlog::log_clock::time_point now) {
        const std::string_view text = mine.lines.text();
        front_.log(now, {}, mine.level, spdlog::string_view_t(text.data(), text.size()));
        mine.lines.clear();
        mine.level = spdlog::level::trace;
    }

    [[nodiscard]] std::string describe_drops(std::uint64_t count) const {
        LineBuffer line;
        append_log_line(line, format_,
                        {std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()),
                         LogLevel::warn,
                         "log",
                         "lines were dropped because the reader is too slow",
                         {{"lines", static_cast<std::int64_t>(count)}}});
        return std::string(line.text());
    }

    std::atomic<LogFormat> format_ = LogFormat::json;
    LogBuffer buffer_{{.describe_drops = [this](std::uint64_t count) { return describe_drops(count); }}};
    spdlog::logger front_{"mxcd", std::make_shared<BufferSink>(buffer_)};
};

/// One per process, because standard error is: loggers are constants that every room may hold.
ProcessLog& process_log() {
    static ProcessLog log;
    return log;
}

}  // namespace

void Logger::debug(std::string_view message, std::initializer_list<LogField> fields) const {
    process_log().write(LogLevel::debug, room_, message, fields);
}

void Logger::info(std::string_view message, std::initializer_list<LogField> fields) const {
    process_log().write(LogLevel::info, room_, message, fields);
}

void Logger::warn(std::string_view message, std::initializer_list<LogField> fields) const {
    process_log().write(LogLevel::warn, room_, message, fields);
}

void Logger::error(std::string_view message, std::initializer_list<LogField> fields) const {
    process_log().write(LogLevel::error, room_, message, fields);
}

LogGathering::LogGathering() { process_log().begin_gathering(); }

LogGathering::~LogGathering() { process_log().end_gathering(); }

void configure_logging(const LogConfig& config) { process_log().configure(config); }

void flush_and_stop_logging() { process_log().stop(); }

}  // namespace mxcd::base
