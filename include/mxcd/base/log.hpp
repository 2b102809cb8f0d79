#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace mxcd::base {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { json, text };

struct LogConfig {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::json;
};

/// What a value is called: a short constant that needs no escaping, which the compiler sees to.
struct LogKey {
    static constexpr std::size_t longest = 32;

    consteval LogKey(const char* constant) : text(constant) {
        if (text.size() > longest) throw "a key is longer than any needs to be";
        for (const char c : text)
            if (c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9'))
                throw "a key is made of small letters, digits and '_'";
    }
    std::string_view text;
};

/// A value beside the message. Text is escaped when it is written; at most 512 bytes of it are kept. A
/// duration is written in milliseconds.
struct LogField {
    LogKey key;
    std::variant<std::string_view, std::int64_t, bool, std::chrono::microseconds> value;
};

/// One room's voice in the log: one line of JSON (or text) per call, on standard error. Thread-safe, never
/// throws and never blocks on a slow reader: lines wait in a bounded buffer, and lines that find it full are
/// counted and dropped. error = someone must look, warn = degraded, info = life cycle and one line per
/// request. Never pass tokens, signatures, signed URLs or file names.
class Logger {
  public:
    explicit constexpr Logger(const char* room) : room_(room) {}

    void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
    void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
    void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const;
    void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

  private:
    const char* room_;
};

/// While it lives, what its thread logs is kept back and passed on as one piece, which costs less than line
/// by line: at its end, with a warning or an error, and when 4 KiB wait. All lines carry the time at which it
/// began, so it is for a moment: never across a suspension, and never inside another.
class LogGathering final {
  public:
    LogGathering();
    ~LogGathering();
    LogGathering(const LogGathering&) = delete;
    LogGathering& operator=(const LogGathering&) = delete;
};

/// Sets level and format; may be called again on a reload. Starts the writing thread on the first call, so
/// forks must come before it. Without it, warnings and errors go straight to standard error.
void configure_logging(const LogConfig& config);

/// Writes what still waits. Lines after it go straight to standard error.
void flush_and_stop_logging();

}  // namespace mxcd::base
