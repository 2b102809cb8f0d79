#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mxcd::outbound {

/// Which addresses a request may reach.
enum class Reach {
    operator_configured,  // any: the URL comes from the configuration file (homeserver, MAS, webhooks, S3)
    public_internet,      // global unicast only, checked on the resolved and on the connected address
};

struct OutboundRequest {
    std::string method = "GET";
    std::string url;
    std::string unix_socket;           // connect here instead of the URL's host; empty: no
    std::vector<std::string> headers;  // "Name: value", already checked: no CR, LF
    std::string body;
    std::string content_type;                    // empty: none
    std::chrono::milliseconds deadline{10'000};  // for the whole exchange
    std::size_t max_response_bytes = 64 * 1024;
    Reach reach = Reach::public_internet;
};

struct OutboundResponse {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;

    [[nodiscard]] std::optional<std::string> header(const std::string& lower_case_name) const;
};

/// Everything that leaves this process over HTTP leaves here: libcurl's multi interface on one thread,
/// keep-alive connections, no redirects, no proxies from the environment, TLS verified. Any thread may call.
class Client {
  public:
    virtual ~Client() = default;
    /// Throws base::UpstreamError when there is no complete answer in time (refused, unresolvable, too slow,
    /// too long, blocked address), base::Overloaded when too many requests are in flight. Any HTTP status is
    /// an answer.
    virtual async::Task<OutboundResponse> send(OutboundRequest request) = 0;
};

struct ClientConfig {
    std::size_t max_in_flight = 512;
    std::size_t max_connections_per_host = 128;
    std::string user_agent = "mxcd";
    /// PEM; trusted instead of the system's authorities. Empty: what the environment names as SSL_CERT_FILE,
    /// as OpenSSL has it, or those.
    std::string ca_file{};
};

/// `curl_global_init` happens here: make the first client before other threads start.
[[nodiscard]] std::unique_ptr<Client> make_client(const ClientConfig& config, base::Metrics& metrics);

}  // namespace mxcd::outbound
