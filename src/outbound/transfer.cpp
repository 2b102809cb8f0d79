#include "transfer.hpp"

#include "mxcd/base/ascii.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/base/text.hpp"

#include "egress_guard.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <new>

namespace mxcd::outbound {

namespace {

constexpr std::size_t max_header_bytes = 64 * 1024;
constexpr std::chrono::milliseconds max_connect_time{5'000};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_header_line(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    return std::ranges::none_of(line, [](char c) { return is_control(c) && c != '\t'; });
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

const char* label_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::answered:
            return "answered";
        case Outcome::unreachable:
            return "unreachable";
        case Outcome::timed_out:
            return "timed_out";
        case Outcome::too_long:
            return "too_long";
        case Outcome::garbled:
            return "garbled";
        case Outcome::blocked:
            return "blocked";
        case Outcome::overloaded:
            return "overloaded";
        case Outcome::aborted:
            return "aborted";
    }
    return "unknown";
}

void refuse_malformed(const OutboundRequest& request) {
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (request.method.empty() || !std::ranges::all_of(request.method, is_upper))
        throw base::UpstreamError("an outbound request has a malformed method");
    if (request.url.empty() || !base::is_visible_ascii(request.url))
        throw base::UpstreamError("an outbound request has a malformed URL");
    if (!std::ranges::all_of(request.headers, is_header_line) ||
        std::ranges::any_of(request.content_type, is_control))
        throw base::UpstreamError("an outbound request has a malformed header");
    if (request.reach == Reach::public_internet && !request.unix_socket.empty())
        throw base::UpstreamError("an outbound request to the public internet names a UNIX socket");
}

std::optional<std::string> OutboundResponse::header(const std::string& lower_case_name) const {
    for (const auto& [name, value] : headers)
        if (name == lower_case_name) return value;
    return std::nullopt;
}

Transfer::Transfer(OutboundRequest request, const ClientConfig& config)
    : request_(std::move(request)), easy_(curl_easy_init()) {
    if (!easy_) throw std::bad_alloc();
    set_target();
    set_trust(config.ca_file);
    set_limits();
    set_method();
    set_headers(config.user_agent);
    set_callbacks();
}

template <class Value>
void Transfer::set(CURLoption option, Value value) {
    const CURLcode result = curl_easy_setopt(easy_.get(), option, value);
    if (result != CURLE_OK) throw base::UpstreamError(curl_easy_strerror(result));
}

void Transfer::set_target() {
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    // A proxy from the environment would connect for us, past the egress guard.
    set(CURLOPT_PROXY, "");
    if (!request_.unix_socket.empty()) set(CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
}

void Transfer::set_trust(const std::string& ca_file) {
    // What libcurl does anyway, said aloud: a chain to a trusted authority, for the name that was asked for.
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (ca_file.empty()) return;
    set(CURLOPT_CAINFO, ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

void Transfer::set_limits() {
    const auto deadline = std::max<std::int64_t>(request_.deadline.count(), 1);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(deadline));
    set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min<std::int64_t>(deadline, max_connect_time.count())));
    set(CURLOPT_NOSIGNAL, 1L);
    // Otherwise ending a transfer waits for its look-up thread, and a silent DNS server stops all other
    // transfers.
    set(CURLOPT_QUICK_EXIT, 1L);
}

void Transfer::set_method() {
    if (request_.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
        return;
    }
    const bool has_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT";
    if (has_body) {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(CURLOPT_POSTFIELDS, request_.body.c_str());
    }
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void Transfer::add_header(const std::string& line) {
    curl_slist* const shorter = headers_.release();
    curl_slist* const longer = curl_slist_append(shorter, line.c_str());
    headers_.reset(longer == nullptr ? shorter : longer);
    if (longer == nullptr) throw std::bad_alloc();
}

void Transfer::set_headers(const std::string& user_agent) {
    for (const std::string& line : request_.headers) add_header(line);
    add_header("Accept-Encoding: identity");
    // Without a value libcurl leaves these out: it would wait for 100 Continue and call every body a form.
    add_header("Expect:");
    add_header(request_.content_type.empty() ? "Content-Type:" : "Content-Type: " + request_.content_type);
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_USERAGENT, user_agent.c_str());
}

void Transfer::set_callbacks() {
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
    set(CURLOPT_OPENSOCKETDATA, this);
    set(CURLOPT_PREREQFUNCTION, &Transfer::on_connected);
    set(CURLOPT_PREREQDATA, this);
}

int Transfer::status() const {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
}

OutboundResponse Transfer::take_response() {
    response_.status = status();
    return std::move(response_);
}

bool Transfer::take_header_line(std::string_view line) {
    header_bytes_ += line.size();
    too_long_ = header_bytes_ > max_header_bytes;
    if (too_long_) return false;
    // What follows the final header is a trailer, which must not pass for a header.
    if (headers_complete_) return true;
    const std::string_view text = trimmed(line);
    if (text.empty()) {
        const bool is_interim = status() < 200;
        if (is_interim) response_.headers.clear();
        headers_complete_ = !is_interim;
        return true;
    }
    const std::size_t colon = text.find(':');
    const bool is_field =
        colon != std::string_view::npos && text.data() == line.data() && !text.starts_with("HTTP/");
    if (is_field)
        response_.headers.emplace_back(base::to_lower_ascii(trimmed(text.substr(0, colon))),
                                       std::string(trimmed(text.substr(colon + 1))));
    return true;
}

bool Transfer::take_body(std::string_view piece) {
    too_long_ = piece.size() > request_.max_response_bytes - response_.body.size();
    if (!too_long_) response_.body.append(piece);
    return !too_long_;
}

Outcome Transfer::judge(CURLcode result) const {
    if (blocked_ && result != CURLE_OK) return Outcome::blocked;
    if (too_long_) return Outcome::too_long;
    if (result == CURLE_OPERATION_TIMEDOUT) return Outcome::timed_out;
    if (result != CURLE_OK) return Outcome::unreachable;
    const std::string coding = response_.header("content-encoding").value_or("identity");
    return base::equal_ignoring_ascii_case(coding, "identity") ? Outcome::answered : Outcome::garbled;
}

std::size_t Transfer::on_header(char* text, std::size_t size, std::size_t count, void* self) {
    const std::size_t length = size * count;
    return static_cast<Transfer*>(self)->take_header_line({text, length}) ? length : 0;
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t length = size * count;
    return transfer.take_body({bytes, length}) ? length : 0;
}

curl_socket_t Transfer::on_open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.request_.reach == Reach::public_internet) {
        const std::optional<IpAddress> ip = IpAddress::of(address->addr, address->addrlen);
        if (!ip || !is_public(*ip)) {
            transfer.blocked_ = true;
            return CURL_SOCKET_BAD;
        }
    }
    // Not inherited by module and decoder processes.
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// The guard's second look: a pooled connection was opened by another request, perhaps one that may go
/// anywhere.
int Transfer::on_connected(void* self, char* remote, char* /*local*/, int /*remote_port*/,
                           int /*local_port*/) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.request_.reach != Reach::public_internet) return CURL_PREREQFUNC_OK;
    const std::optional<IpAddress> ip = IpAddress::parse(remote == nullptr ? "" : remote);
    if (ip && is_public(*ip)) return CURL_PREREQFUNC_OK;
    transfer.blocked_ = true;
    return CURL_PREREQFUNC_ABORT;
}

}  // namespace mxcd::outbound
