#include "log_line.hpp"

#include "utf8.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace mxcd::base {

namespace {

constexpr std::size_t longest_text = 512;

std::string_view cut(std::string_view text) {
    if (text.size() <= longest_text) return text;
    std::size_t end = longest_text;
    // A sequence has at most three continuation bytes; more of them are rubbish and may be cut anywhere.
    while (end > longest_text - 3 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
}

constexpr std::array<bool, 256> make_plain_table() {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x20; c < 0x7F; ++c) table.at(c) = c != '"' && c != '\\';
    return table;
}
constexpr std::array<bool, 256> plain_bytes = make_plain_table();

bool is_plain(char c) { return plain_bytes[static_cast<unsigned char>(c)]; }

void append_unicode_escape(LineBuffer& line, unsigned code_point) {
    constexpr std::string_view digits = "0123456789abcdef";
    line += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) line += digits[(code_point >> shift) & 15];
}

void append_ascii(LineBuffer& line, char c) {
    switch (c) {
        case '"':
            line += "\\\"";
            break;
        case '\\':
            line += "\\\\";
            break;
        case '\n':
            line += "\\n";
            break;
        case '\r':
            line += "\\r";
            break;
        case '\t':
            line += "\\t";
            break;
        default:
            append_unicode_escape(line, static_cast<unsigned char>(c));
    }
}

/// Terminals obey C1 controls, and some readers break lines at U+2028 and U+2029.
void append_sequence(LineBuffer& line, std::string_view sequence) {
    const bool is_c1_control = sequence[0] == '\xC2' && static_cast<unsigned char>(sequence[1]) < 0xA0;
    if (is_c1_control) {
        append_unicode_escape(line, static_cast<unsigned char>(sequence[1]));
    } else if (sequence == "\u2028" || sequence == "\u2029") {
        append_unicode_escape(line, sequence == "\u2028" ? 0x2028 : 0x2029);
    } else {
        line += sequence;
    }
}

void append_escaped(LineBuffer& line, std::string_view text) {
    text = cut(text);
    while (!text.empty()) {
        const auto plain_end = std::find_if_not(text.begin(), text.end(), is_plain);
        const auto plain = static_cast<std::size_t>(plain_end - text.begin());
        line += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) return;
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0) line += "\uFFFD";
        if (length == 1) append_ascii(line, text.front());
        if (length > 1) append_sequence(line, text.substr(0, length));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

void append_quoted(LineBuffer& line, std::string_view text) {
    line += '"';
    append_escaped(line, text);
    line += '"';
}

void append_number(LineBuffer& line, std::int64_t number) {
    std::array<char, 32> text{};
    const std::to_chars_result result = std::to_chars(text.data(), text.data() + text.size(), number);
    line += std::string_view(text.data(), static_cast<std::size_t>(result.ptr - text.data()));
}

/// `.123`
void append_fraction(LineBuffer& line, std::int64_t thousandths) {
    const auto digit = [](std::int64_t value) { return static_cast<char>('0' + value % 10); };
    const std::array<char, 4> text{'.', digit(thousandths / 100), digit(thousandths / 10),
                                   digit(thousandths)};
    line += std::string_view(text.data(), text.size());
}

/// `2026-11-23T12:00:00.123Z`. The part up to the second is kept per thread: formatting it is what costs.
void append_time(LineBuffer& line, TimePoint time) {
    struct Second {
        std::int64_t number = -1;
        std::array<char, 24> text{};
        std::size_t length = 0;
    };
    thread_local Second second;
    const std::int64_t milliseconds = time.time_since_epoch().count();
    const std::int64_t fraction = ((milliseconds % 1000) + 1000) % 1000;
    const std::int64_t number = (milliseconds - fraction) / 1000;
    if (number != second.number) {
        tm parts{};
        const time_t seconds = number;
        gmtime_r(&seconds, &parts);
        second.length = strftime(second.text.data(), second.text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
        second.number = number;
    }
    line += std::string_view(second.text.data(), second.length);
    append_fraction(line, fraction);
    line += 'Z';
}

struct LevelNames {
    std::string_view json;
    std::string_view text;
};

LevelNames names_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return {"debug", "DEBUG"};
        case LogLevel::info:
            return {"info", "INFO"};
        case LogLevel::warn:
            return {"warn", "WARN"};
        case LogLevel::error:
        case LogLevel::off:
            break;
    }
    return {"error", "ERROR"};
}

/// With three digits behind the point.
void append_milliseconds(LineBuffer& line, std::chrono::microseconds duration) {
    const std::int64_t count = std::max<std::int64_t>(duration.count(), 0);
    append_number(line, count / 1000);
    append_fraction(line, count % 1000);
}

using Value = decltype(LogField::value);

/// Everything but text looks alike in both formats.
void append_scalar(LineBuffer& line, const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        append_number(line, *integer);
    } else if (const auto* duration = std::get_if<std::chrono::microseconds>(&value)) {
        append_milliseconds(line, *duration);
    } else if (const auto* truth = std::get_if<bool>(&value)) {
        line += *truth ? "true" : "false";
    }
}

void append_json(LineBuffer& line, const LogEntry& entry) {
    line += R"({"time":")";
    append_time(line, entry.time);
    line += R"(","level":")";
    line += names_of(entry.level).json;
    line += R"(","logger":)";
    append_quoted(line, entry.room);
    line += R"(,"message":)";
    append_quoted(line, entry.message);
    for (const LogField& field : entry.fields) {
        line += ",\"";
        line += field.key.text;
        line += "\":";
        if (const auto* text = std::get_if<std::string_view>(&field.value)) append_quoted(line, *text);
        append_scalar(line, field.value);
    }
    line += '}';
}

/// Quotes where a value could be taken for several fields.
void append_text_value(LineBuffer& line, std::string_view text) {
    const bool is_one_word = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_plain(c) && c != ' ' && c != '=';
    });
    if (is_one_word)
        append_escaped(line, text);
    else
        append_quoted(line, text);
}

void append_text(LineBuffer& line, const LogEntry& entry) {
    append_time(line, entry.time);
    line += ' ';
    line += names_of(entry.level).text;
    line += ' ';
    append_escaped(line, entry.room);
    line += ": ";
    append_escaped(line, entry.message);
    for (const LogField& field : entry.fields) {
        line += ' ';
        line += field.key.text;
        line += '=';
        if (const auto* text = std::get_if<std::string_view>(&field.value)) append_text_value(line, *text);
        append_scalar(line, field.value);
    }
}

}  // namespace

void append_log_line(LineBuffer& line, LogFormat format, const LogEntry& entry) {
    if (format == LogFormat::json)
        append_json(line, entry);
    else
        append_text(line, entry);
    line += '\n';
}

}  // namespace mxcd::base
