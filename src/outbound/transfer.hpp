#pragma once

#include "mxcd/outbound/client.hpp"

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mxcd::outbound {

/// How a request ended.
enum class Outcome : std::uint8_t {
    answered,
    unreachable,
    timed_out,
    too_long,
    garbled,
    blocked,
    overloaded,
    aborted
};

[[nodiscard]] const char* label_of(Outcome outcome);

struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// Throws base::UpstreamError when the request must not be sent: control characters in a header, method or
/// URL, or a UNIX socket for a request that may only reach the public internet.
void refuse_malformed(const OutboundRequest& request);

/// One request and what has arrived of its answer. libcurl holds pointers into it, so it stays where it is.
/// Used by one thread at a time.
class Transfer {
  public:
    /// `request` has passed refuse_malformed.
    Transfer(OutboundRequest request, const ClientConfig& config);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    [[nodiscard]] CURL* easy() const { return easy_.get(); }
    [[nodiscard]] std::chrono::milliseconds deadline() const { return request_.deadline; }

    /// What libcurl's result means.
    [[nodiscard]] Outcome judge(CURLcode result) const;
    [[nodiscard]] OutboundResponse take_response();

  private:
    template <class Value>
    void set(CURLoption option, Value value);
    void set_target();
    void set_trust(const std::string& ca_file);
    void set_limits();
    void set_method();
    void set_headers(const std::string& user_agent);
    void set_callbacks();
    void add_header(const std::string& line);
    [[nodiscard]] int status() const;
    [[nodiscard]] bool take_header_line(std::string_view line);
    [[nodiscard]] bool take_body(std::string_view piece);

    static std::size_t on_header(char* text, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static int on_connected(void* self, char* remote, char* local, int remote_port, int local_port);

    OutboundRequest request_;
    OutboundResponse response_;
    std::size_t header_bytes_ = 0;
    bool headers_complete_ = false;
    bool too_long_ = false;
    bool blocked_ = false;
    std::unique_ptr<curl_slist, FreeList> headers_;
    std::unique_ptr<CURL, FreeEasy> easy_;  // last, because it points into the others
};

}  // namespace mxcd::outbound
