#include "limit_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace mxcd::api {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds day = 24h;
/// In the order of LimitPhrases::time_units.
constexpr std::array<std::chrono::seconds, 6> unit_lengths{1s, 1min, 1h, day, 7 * day, 365 * day};
enum Unit : std::size_t { minute_unit = 1, hour_unit = 2, day_unit = 3 };

using Replacement = std::pair<std::string_view, std::string>;

std::string fill(std::string_view phrase, std::initializer_list<Replacement> replacements) {
    std::string text(phrase);
    for (const auto& [name, value] : replacements) {
        const std::size_t at = text.find(name);
        if (at != std::string::npos) text.replace(at, name.size(), value);
    }
    return text;
}

std::string count_of_unit(std::int64_t count, std::size_t unit, const LimitPhrases& phrases) {
    const UnitWords& words = phrases.time_units.at(unit);
    if (count == 1) return std::string(words.one);
    return fill(words.many, {{"{count}", std::to_string(count)}});
}

std::int64_t divided_up(std::chrono::milliseconds time, std::chrono::milliseconds unit) {
    return time / unit + (time % unit > 0ms ? 1 : 0);
}

std::string room(const LimitFacts& facts, base::TimePoint now, const LimitPhrases& phrases) {
    if (facts.kind == LimitFacts::Kind::quota) return std::string(phrases.room_by_deleting);
    if (!facts.room_at) return std::string(phrases.never_fits);
    if (*facts.room_at <= now) return std::string(phrases.room_now);
    return fill(phrases.room_later, {{"{time}", readable_time(*facts.room_at)},
                                     {"{wait}", readable_wait(*facts.room_at - now, phrases)}});
}

}  // namespace

std::string readable_size(base::ByteCount size, const LimitPhrases& phrases) {
    const auto bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(size.value(), 0));
    std::size_t unit = 0;
    std::uint64_t unit_size = 1;
    while (unit + 1 < phrases.size_units.size() && bytes / unit_size >= 1024) {
        unit_size *= 1024;
        ++unit;
    }
    std::string text = std::to_string(bytes / unit_size);
    const std::uint64_t tenths = bytes % unit_size * 10 / unit_size;
    if (tenths > 0) (text += phrases.decimal_mark) += std::to_string(tenths);
    return (text += ' ').append(phrases.size_units.at(unit));
}

std::string readable_period(std::chrono::milliseconds period, const LimitPhrases& phrases) {
    std::size_t unit = unit_lengths.size() - 1;
    while (unit > 0 && (period < unit_lengths.at(unit) || period % unit_lengths.at(unit) != 0ms)) --unit;
    return count_of_unit(divided_up(period, unit_lengths.at(unit)), unit, phrases);
}

std::string readable_wait(std::chrono::milliseconds wait, const LimitPhrases& phrases) {
    const std::size_t unit = wait <= 90min ? minute_unit : wait <= 2 * day ? hour_unit : day_unit;
    return count_of_unit(divided_up(wait, unit_lengths.at(unit)), unit, phrases);
}

std::string readable_time(base::TimePoint time) {
    using std::chrono::sys_days;
    constexpr base::TimePoint latest = sys_days(std::chrono::year(9999) / 12 / 31);
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(std::clamp(time, base::TimePoint(), latest));
    const sys_days date = std::chrono::floor<std::chrono::days>(minutes);
    const std::chrono::year_month_day calendar(date);
    const std::chrono::hh_mm_ss<std::chrono::minutes> clock(minutes - date);
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d UTC", static_cast<int>(calendar.year()),
                  static_cast<unsigned>(calendar.month()), static_cast<unsigned>(calendar.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()));
    return text.data();
}

std::vector<std::string> limit_text(const LimitFacts& facts, base::TimePoint now,
                                    const LimitPhrases& phrases) {
    std::vector<std::string> paragraphs;
    const Replacement used{"{used}", readable_size(facts.used, phrases)};
    std::string refused_file;
    if (facts.attempted)
        refused_file =
            " " + fill(phrases.refused_file, {{"{attempted}", readable_size(*facts.attempted, phrases)}});
    const Replacement files{"{count}", std::to_string(facts.files)};
    const std::string max = readable_size(facts.max_size.value_or(base::ByteCount(0)), phrases);
    if (facts.kind == LimitFacts::Kind::window) {
        const Replacement period{"{period}", readable_period(facts.period, phrases)};
        paragraphs.push_back(fill(phrases.window_limit, {{"{max}", max}, period}));
        paragraphs.push_back(fill(phrases.window_used, {used}) + refused_file);
    } else {
        if (facts.max_size) paragraphs.push_back(fill(phrases.size_quota, {{"{max}", max}}));
        if (facts.max_files)
            paragraphs.push_back(fill(phrases.file_quota, {{"{count}", std::to_string(*facts.max_files)}}));
        paragraphs.push_back(fill(phrases.quota_used, {used, files}) + refused_file);
    }
    paragraphs.push_back(room(facts, now, phrases));
    return paragraphs;
}

}  // namespace mxcd::api
