#pragma once

#include "mxcd/async/io_threads.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/http/handler.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace mxcd::http {

/// One place to listen at: a TCP address and port, or a UNIX socket path.
struct ListenerConfig {
    std::string address;  // literal IPv4 or IPv6; empty for a UNIX socket
    std::uint16_t port = 0;
    std::string path;  // of a UNIX socket
    std::uint32_t mode = 0660;
    bool x_forwarded = false;  // believe X-Forwarded-For of trusted proxies (a UNIX peer is always one)
    ResourceMask resources = 0;
};

struct ServerConfig {
    std::vector<ListenerConfig> listeners;
    std::vector<std::string>
        trusted_proxies;  // addresses or CIDR blocks, already checked with is_address_block()
    std::size_t max_connections = 20'000;                 // also bounded by RLIMIT_NOFILE - 256
    std::chrono::milliseconds header_timeout{10'000};     // the whole header block
    std::chrono::milliseconds idle_timeout{75'000};       // between requests
    std::chrono::milliseconds body_idle_timeout{30'000};  // no byte either way
    base::ByteCount minimum_rate{1024};                   // per second, either way, over each rate_window
    std::chrono::milliseconds rate_grace{30'000};         // before the rate counts
    std::chrono::milliseconds rate_window{20'000};
    std::chrono::milliseconds linger_time{10'000};
    base::ByteCount linger_bytes{64 * 1024 * 1024};
};

/// True for an IP address or a CIDR block, as `trusted_proxies` takes them.
[[nodiscard]] bool is_address_block(const std::string& text);

/// Where a listener really listens, e.g. "http://127.0.0.1:41233" (port 0 resolved) or
/// "unix:/run/mxcd/mxcd.sock".
struct BoundListener {
    std::string url;
    std::uint16_t port = 0;
    ResourceMask resources = 0;
};

/// An address is in use or may not be bound: exit code 71 (or 77 for lack of permission).
struct BindError : std::runtime_error {
    BindError(const std::string& text, bool permission)
        : std::runtime_error(text), is_permission(permission) {}
    bool is_permission;
};

struct ServerDependencies {
    async::IoThreads& threads;
    Handler& handler;
    base::RandomSource& random;
    base::Metrics& metrics;
};

/// The door: listens, reads request headers through the framing firewall, hands requests to the handler one
/// after the other per connection, writes answers. Knows HTTP/1.1 (RFC 9112), not Matrix.
class Server {
  public:
    virtual ~Server() = default;

    /// Binds everything or throws BindError; connections are accepted from start() on.
    virtual std::vector<BoundListener> bind() = 0;
    virtual void start() = 0;
    /// Stops accepting and closes idle connections; running requests go on and then close.
    virtual void stop_accepting() = 0;
    /// Waits (not on an io thread) until no request runs, at most `limit`; then cancels what is left and
    /// waits up to 5 s more. True when nothing had to be cancelled.
    virtual bool drain(std::chrono::milliseconds limit) = 0;
    /// After drain(): whether all has ended. A request that waits for something stuck (a disk, say) does not
    /// end even when it is cancelled, and still uses the server and its handler.
    [[nodiscard]] virtual bool is_drained() const = 0;
    /// Skips the rest of a running drain: cancels everything now.
    virtual void insist() = 0;
    /// A reload: timeouts, connection cap and trusted proxies; listeners stay as bound.
    virtual void reconfigure(const ServerConfig& config) = 0;
};

[[nodiscard]] std::unique_ptr<Server> make_server(ServerConfig config, ServerDependencies dependencies);

}  // namespace mxcd::http
