#pragma once

#include "mxcd/async/byte_source.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/base/byte_count.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mxcd::http {

/// Which listener a request came in by: bits whose meaning belongs to the desk.
using ResourceMask = std::uint32_t;

/// A request whose header has passed the framing firewall; the body has not been read. Views and references
/// are valid until the answer has been written. RFC 9110, RFC 9112.
class Request {
  public:
    virtual ~Request() = default;

    std::string_view method;
    /// Raw, percent-encoded, beginning with '/'; the authority of an absolute-form target is gone.
    std::string_view path;
    /// Raw, without the '?'; empty when there is none. May hold an access token: never log it.
    std::string_view query;
    /// Declared length; 0 when neither Content-Length nor chunked coding was sent, nothing when chunked.
    std::optional<base::ByteCount> content_length;
    /// The peer, or what trusted proxies say about it; empty for a UNIX socket without X-Forwarded-For.
    std::string client_address;
    /// Ours, fresh for each request; the client sees it as X-Request-Id.
    std::string request_id;
    ResourceMask resources = 0;

    /// Set by the desk, for log and metrics: the route's template (never the path itself, which may hold a
    /// file name), a constant string.
    std::string_view route = "unmatched";

    /// First value of a field, name compared without case.
    [[nodiscard]] virtual std::optional<std::string_view> header(std::string_view name) const = 0;
    [[nodiscard]] virtual std::size_t header_count(std::string_view name) const = 0;
    /// The body. The first read answers `Expect: 100-continue`. Unread parts are discarded after the answer.
    [[nodiscard]] virtual async::ByteSource& body() = 0;
    /// Ends when the client has hung up, or is cancelled; for answers that are long in coming. A client that
    /// has sent more (its next request) is taken to be there. Not while the body is read.
    [[nodiscard]] virtual async::Task<> hang_up() = 0;
};

}  // namespace mxcd::http
