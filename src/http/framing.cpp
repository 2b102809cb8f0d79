#include "framing.hpp"

#include "mxcd/base/ascii.hpp"
#include "mxcd/base/text.hpp"
#include "mxcd/base/token.hpp"

#include "head_buffer.hpp"
#include "header_parser.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mxcd::http {

namespace {

// Room for a media ID of 5,000 characters, which is no worse than any other that there is not: 404.
constexpr std::size_t max_request_line = 8 * 1024;
constexpr std::size_t max_name = 64;
constexpr std::size_t max_value = 8 * 1024;
constexpr std::size_t max_authorization = 4 * 1024;

bool has_control_byte(std::string_view line) {
    if (base::is_printable_ascii(line)) return false;
    return std::ranges::any_of(line, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && byte != '\t') || byte == 0x7f;
    });
}

std::string_view trim(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

bool is(std::string_view name, std::string_view expected) {
    return name.size() == expected.size() && base::equal_ignoring_ascii_case(name, expected);
}

/// What the fields of one block say about framing, collected line by line.
struct FramingFields {
    std::size_t fields = 0;
    std::size_t hosts = 0;
    std::size_t authorizations = 0;
    std::size_t lengths = 0;
    std::size_t transfer_encodings = 0;
    std::int64_t length = 0;
    bool expects_continue = false;
    bool expects_other = false;
};

constexpr std::array<bool, 256> host_bytes = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x21; c < 0x7f; ++c)
        table.at(c) = std::string_view(",/@\\?#").find(static_cast<char>(c)) == std::string_view::npos;
    return table;
}();

bool is_host(std::string_view value) {
    return std::ranges::all_of(value, [](char c) { return host_bytes[static_cast<unsigned char>(c)]; });
}

std::optional<Refusal> note_framing_field(std::string_view name, std::string_view value,
                                          FramingFields& seen) {
    if (is(name, "Host")) {
        if (++seen.hosts > 1 || !is_host(value)) return Refusal::malformed;
    } else if (is(name, "Content-Length")) {
        const std::optional<std::int64_t> length = base::parse_decimal(value);
        if (++seen.lengths > 1 || !length) return Refusal::malformed;
        seen.length = *length;
    } else if (is(name, "Transfer-Encoding")) {
        if (++seen.transfer_encodings > 1 || !is(value, "chunked")) return Refusal::malformed;
    } else if (is(name, "Authorization")) {
        ++seen.authorizations;
        if (value.size() > max_authorization) return Refusal::header_too_large;
    } else if (is(name, "Expect")) {
        (is(value, "100-continue") ? seen.expects_continue : seen.expects_other) = true;
    }
    return std::nullopt;
}

std::optional<Refusal> note_field(std::string_view line, FramingFields& seen) {
    if (++seen.fields > RequestHead::max_fields) return Refusal::header_too_large;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Refusal::malformed;
    const std::string_view name = line.substr(0, colon);
    // A leading space (obs-fold) and a space before the colon are no token bytes.
    if (!base::is_token(name)) return Refusal::malformed;
    const std::string_view value = trim(line.substr(colon + 1));
    if (name.size() > max_name || value.size() > max_value) return Refusal::header_too_large;
    return note_framing_field(name, value, seen);
}

/// Splits off the authority of an absolute-form target; false when the target has no form that we serve.
bool take_target(std::string_view target, RequestHead& head) {
    if (target.empty() || !base::is_visible_ascii(target)) return false;
    if (target == "*") {
        if (head.method != "OPTIONS") return false;
        target = "/";
    }
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
        if (target.front() == '/' || target.size() <= scheme.size() ||
            !is(target.substr(0, scheme.size()), scheme))
            continue;
        const std::string_view rest = target.substr(scheme.size());
        const std::size_t authority = std::min(rest.find_first_of("/?#"), rest.size());
        if (authority == 0) return false;
        target = rest.substr(authority);
        if (target.empty()) target = "/";
        break;
    }
    const std::size_t question = std::min(target.find('?'), target.size());
    head.path = question == 0 ? std::string_view("/") : target.substr(0, question);
    head.query = question == target.size() ? std::string_view() : target.substr(question + 1);
    return head.path.front() == '/';
}

std::optional<Refusal> take_request_line(std::string_view line, RequestHead& head) {
    const std::size_t first = line.find(' ');
    head.is_http_1_0 = line.ends_with(" HTTP/1.0");
    if (!head.is_http_1_0 && !line.ends_with(" HTTP/1.1")) return Refusal::malformed;
    const std::size_t last = line.size() - std::string_view(" HTTP/1.1").size();
    if (first == last) return Refusal::malformed;
    head.method = line.substr(0, first);
    if (!base::is_token(head.method)) return Refusal::malformed;
    if (head.method == "CONNECT" || head.method == "TRACE") return Refusal::method_refused;
    if (!take_target(line.substr(first + 1, last - first - 1), head)) return Refusal::malformed;
    return std::nullopt;
}

bool has_no_body_by_nature(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS";
}

std::optional<Refusal> judge(const FramingFields& seen, const RequestHead& head) {
    const bool is_chunked = seen.transfer_encodings != 0;
    if (is_chunked && (seen.lengths != 0 || head.is_http_1_0)) return Refusal::malformed;
    if (seen.hosts == 0 && !head.is_http_1_0) return Refusal::malformed;
    if (has_no_body_by_nature(head.method) && (is_chunked || seen.length != 0)) return Refusal::malformed;
    if (seen.authorizations > 1) return Refusal::repeated_authorization;
    if (seen.expects_other) return Refusal::expectation_failed;
    return std::nullopt;
}

}  // namespace

HeaderScanner::State HeaderScanner::refuse(Refusal reason) {
    refusal_ = reason;
    return State::refused;
}

std::optional<Refusal> HeaderScanner::fault_of(std::string_view line) const {
    if (lines_ == 0 && line.size() > max_request_line) return Refusal::header_too_large;
    if (line.size() > max_name + max_value + 8) return Refusal::header_too_large;
    return std::nullopt;
}

HeaderScanner::State HeaderScanner::scan(std::string_view text) {
    while (scanned_ < text.size()) {
        const void* found = std::memchr(text.data() + scanned_, '\n', text.size() - scanned_);
        const std::size_t end = found == nullptr
                                    ? text.size()
                                    : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
        const std::string_view line = text.substr(line_begin_, end - line_begin_);
        if (const std::optional<Refusal> fault = fault_of(line)) return refuse(*fault);
        scanned_ = end;
        if (found == nullptr) break;
        if (line.empty() || line.back() != '\r' || has_control_byte(line.substr(0, line.size() - 1)))
            return refuse(Refusal::malformed);
        scanned_ = line_begin_ = end + 1;
        if (line.size() > 1) {
            ++lines_;
        } else if (lines_ == 0) {
            if (request_begin_ != 0) return refuse(Refusal::malformed);
            request_begin_ = line_begin_;
        } else {
            return State::complete;
        }
    }
    return text.size() >= HeadBuffer::capacity ? refuse(Refusal::header_too_large) : State::incomplete;
}

std::optional<Refusal> inspect_header(std::string_view block, RequestHead& head) {
    head.clear();
    FramingFields seen;
    std::size_t begin = 0;
    for (bool is_request_line = true;; is_request_line = false) {
        const std::size_t end = block.find('\n', begin);
        if (end == std::string_view::npos || end == begin || block[end - 1] != '\r')
            return Refusal::malformed;
        const std::string_view line = block.substr(begin, end - 1 - begin);
        begin = end + 1;
        if (line.empty()) break;
        const std::optional<Refusal> fault =
            is_request_line ? take_request_line(line, head) : note_field(line, seen);
        if (fault) return fault;
    }
    if (const std::optional<Refusal> fault = judge(seen, head)) return fault;
    head.body = {.is_chunked = seen.transfer_encodings != 0,
                 .length = seen.length,
                 .expects_continue = seen.expects_continue && !head.is_http_1_0};
    if (!parse_fields(block, head)) return Refusal::malformed;
    return std::nullopt;
}

}  // namespace mxcd::http
