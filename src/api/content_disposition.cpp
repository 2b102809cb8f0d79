#include "content_disposition.hpp"

#include "mxcd/base/text.hpp"

#include "content_type.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace mxcd::api {

namespace {

constexpr std::array<std::string_view, 26> inline_types{
    "text/css",    "text/plain", "text/csv",    "application/json", "application/ld+json",
    "image/jpeg",  "image/gif",  "image/png",   "image/apng",       "image/webp",
    "image/avif",  "video/mp4",  "video/webm",  "video/ogg",        "video/quicktime",
    "audio/mp4",   "audio/webm", "audio/aac",   "audio/mpeg",       "audio/ogg",
    "audio/wave",  "audio/wav",  "audio/x-wav", "audio/x-pn-wav",   "audio/flac",
    "audio/x-flac"};

/// nginx refuses a response header of more than 4 KiB with its default buffers; ours has others in it, too.
constexpr std::size_t longest_encoded_name = 2048;

/// The code point of a sequence that is known to be valid UTF-8.
std::uint32_t code_point(std::string_view sequence) {
    const auto lead = static_cast<unsigned char>(sequence.front());
    if (sequence.size() == 1) return lead;
    std::uint32_t value = lead & (0x7FU >> sequence.size());
    for (const char c : sequence.substr(1)) value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
    return value;
}

std::size_t sequence_length(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    if (byte >= 0xF0) return 4;
    if (byte >= 0xE0) return 3;
    return byte >= 0xC0 ? 2 : 1;
}

/// C0, DEL, C1; and the marks that reorder what stands around them, so that `gpj.exe` can look like
/// `exe.jpg`.
bool is_dropped(std::uint32_t code) {
    const bool is_control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    const bool is_bidi_mark = code == 0x061C || code == 0x200E || code == 0x200F;
    const bool is_bidi_range = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return is_control || is_bidi_mark || is_bidi_range;
}

/// RFC 2616 token, which is stricter than RFC 9110's and what deployed parsers take.
bool is_plain_name_byte(char c) {
    return c > 0x20 && c < 0x7f && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
}

bool is_plain_name(std::string_view name) { return std::ranges::all_of(name, is_plain_name_byte); }

}  // namespace

bool is_shown_inline(std::string_view stored_type) {
    const std::optional<std::string> essence = essence_of(stored_type);
    return essence && std::ranges::find(inline_types, *essence) != inline_types.end();
}

std::optional<std::string> served_file_name(std::string_view name) {
    std::string served;
    std::size_t encoded = 0;
    while (!name.empty()) {
        const std::string_view sequence = name.substr(0, sequence_length(name.front()));
        name.remove_prefix(sequence.size());
        if (is_dropped(code_point(sequence))) continue;
        encoded += is_plain_name(sequence) ? 1 : 3 * sequence.size();
        if (encoded > longest_encoded_name) break;
        served += sequence;
    }
    return served.empty() ? std::nullopt : std::optional(std::move(served));
}

std::string content_disposition(std::string_view stored_type, const std::optional<std::string>& name) {
    std::string value = is_shown_inline(stored_type) ? "inline" : "attachment";
    const std::optional<std::string> served = name ? served_file_name(*name) : std::nullopt;
    if (!served) return value;
    if (is_plain_name(*served)) return value + "; filename=" + *served;
    return value + "; filename*=utf-8''" + base::percent_encode(*served);
}

}  // namespace mxcd::api
