#include "log_line.hpp"

#include "utf8.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace mxcd::base {

namespace {

constexpr std::size_t longest_text = 512;
/// Each byte as \u00XX, in quotes.
constexpr std::size_t longest_quoted = 6 * longest_text + 2;
/// With what stands around the key and the value; every number is shorter than a text.
constexpr std::size_t longest_field = longest_quoted + LogKey::longest + 8;
constexpr std::size_t longest_number = 20;
constexpr std::size_t longest_beginning = 128 + 2 * longest_quoted;

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

/// Whether all of eight bytes are plain, looked at together: most text is.
bool are_plain(std::uint64_t eight) {
    constexpr std::uint64_t each = 0x0101010101010101;
    constexpr std::uint64_t tops = 0x80 * each;
    const auto has_zero = [](std::uint64_t bytes) { return (bytes - each) & ~bytes & tops; };
    const std::uint64_t not_printable = (eight | (eight - 0x20 * each) | (eight + each)) & tops;
    return (not_printable | has_zero(eight ^ ('"' * each)) | has_zero(eight ^ ('\\' * each))) == 0;
}

std::size_t plain_length(std::string_view text) {
    std::size_t length = 0;
    for (std::uint64_t eight = 0; text.size() - length >= sizeof(eight); length += sizeof(eight)) {
        std::memcpy(&eight, text.data() + length, sizeof(eight));
        if (!are_plain(eight)) break;
    }
    while (length < text.size() && is_plain(text[length])) ++length;
    return length;
}

/// Writes a line into memory that has room for the longest, so that no piece has to ask for it.
class LineWriter {
  public:
    explicit LineWriter(char* at) : at_(at) {}
    [[nodiscard]] const char* end() const { return at_; }

    void put(char letter) { *at_++ = letter; }
    void put(std::string_view piece) {
        std::memcpy(at_, piece.data(), piece.size());
        at_ += piece.size();
    }
    void put_number(std::int64_t number) { at_ = std::to_chars(at_, at_ + longest_number, number).ptr; }
    void put_fraction(std::int64_t thousandths);
    void put_milliseconds(std::chrono::microseconds duration);
    void put_time(TimePoint time);
    void put_escaped(std::string_view text);
    void put_quoted(std::string_view text);

  private:
    void put_unicode_escape(unsigned code_point);
    void put_special_ascii(char c);
    void put_sequence(std::string_view sequence);

    char* at_;
};

void LineWriter::put_unicode_escape(unsigned code_point) {
    constexpr std::string_view digits = "0123456789abcdef";
    put("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) put(digits[(code_point >> shift) & 15]);
}

void LineWriter::put_special_ascii(char c) {
    switch (c) {
        case '"':
            return put("\\\"");
        case '\\':
            return put("\\\\");
        case '\n':
            return put("\\n");
        case '\r':
            return put("\\r");
        case '\t':
            return put("\\t");
        default:
            return put_unicode_escape(static_cast<unsigned char>(c));
    }
}

/// Terminals obey C1 controls, and some readers break lines at U+2028 and U+2029.
void LineWriter::put_sequence(std::string_view sequence) {
    const bool is_c1_control = sequence[0] == '\xC2' && static_cast<unsigned char>(sequence[1]) < 0xA0;
    if (is_c1_control) {
        put_unicode_escape(static_cast<unsigned char>(sequence[1]));
    } else if (sequence == "\u2028" || sequence == "\u2029") {
        put_unicode_escape(sequence == "\u2028" ? 0x2028 : 0x2029);
    } else {
        put(sequence);
    }
}

void LineWriter::put_escaped(std::string_view text) {
    text = cut(text);
    while (!text.empty()) {
        const std::size_t plain = plain_length(text);
        put(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) return;
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0) put("\uFFFD");
        if (length == 1) put_special_ascii(text.front());
        if (length > 1) put_sequence(text.substr(0, length));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

void LineWriter::put_quoted(std::string_view text) {
    put('"');
    put_escaped(text);
    put('"');
}

/// `.123`
void LineWriter::put_fraction(std::int64_t thousandths) {
    put('.');
    for (const std::int64_t unit : {100, 10, 1}) put(static_cast<char>('0' + thousandths / unit % 10));
}

/// With three digits behind the point.
void LineWriter::put_milliseconds(std::chrono::microseconds duration) {
    const std::int64_t count = std::max<std::int64_t>(duration.count(), 0);
    put_number(count / 1000);
    put_fraction(count % 1000);
}

/// `2026-11-23T12:00:00.123Z`. The part up to the second is kept per thread: formatting it is what costs.
void LineWriter::put_time(TimePoint time) {
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
    put(std::string_view(second.text.data(), second.length));
    put_fraction(fraction);
    put('Z');
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

using Value = decltype(LogField::value);

/// Everything but text looks alike in both formats.
void write_scalar(LineWriter& line, const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        line.put_number(*integer);
    } else if (const auto* duration = std::get_if<std::chrono::microseconds>(&value)) {
        line.put_milliseconds(*duration);
    } else if (const auto* truth = std::get_if<bool>(&value)) {
        line.put(*truth ? std::string_view("true") : std::string_view("false"));
    }
}

void write_json(LineWriter& line, const LogEntry& entry) {
    line.put(R"({"time":")");
    line.put_time(entry.time);
    line.put(R"(","level":")");
    line.put(names_of(entry.level).json);
    line.put(R"(","logger":)");
    line.put_quoted(entry.room);
    line.put(R"(,"message":)");
    line.put_quoted(entry.message);
    for (const LogField& field : entry.fields) {
        line.put(",\"");
        line.put(field.key.text);
        line.put("\":");
        if (const auto* text = std::get_if<std::string_view>(&field.value))
            line.put_quoted(*text);
        else
            write_scalar(line, field.value);
    }
    line.put('}');
}

/// Quotes where a value could be taken for several fields.
void write_text_value(LineWriter& line, std::string_view text) {
    const bool is_one_word = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_plain(c) && c != ' ' && c != '=';
    });
    if (is_one_word)
        line.put_escaped(text);
    else
        line.put_quoted(text);
}

void write_text(LineWriter& line, const LogEntry& entry) {
    line.put_time(entry.time);
    line.put(' ');
    line.put(names_of(entry.level).text);
    line.put(' ');
    line.put_escaped(entry.room);
    line.put(": ");
    line.put_escaped(entry.message);
    for (const LogField& field : entry.fields) {
        line.put(' ');
        line.put(field.key.text);
        line.put('=');
        if (const auto* text = std::get_if<std::string_view>(&field.value))
            write_text_value(line, *text);
        else
            write_scalar(line, field.value);
    }
}

}  // namespace

void append_log_line(LineBuffer& lines, LogFormat format, const LogEntry& entry) {
    LineWriter line(lines.room_for(longest_beginning + entry.fields.size() * longest_field));
    if (format == LogFormat::json)
        write_json(line, entry);
    else
        write_text(line, entry);
    line.put('\n');
    lines.end_at(line.end());
}

}  // namespace mxcd::base
