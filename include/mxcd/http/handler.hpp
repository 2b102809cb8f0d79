#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/http/request.hpp"
#include "mxcd/http/response.hpp"

#include <cstdint>
#include <string_view>

namespace mxcd::http {

/// Why the door itself turns a request away, before it is understood. Each ends the connection.
enum class Refusal : std::uint8_t {
    malformed,               // 400: broken or ambiguous framing
    repeated_authorization,  // 401: two Authorization headers
    header_timeout,          // 408
    header_too_large,        // 431
    expectation_failed,      // 417: Expect other than 100-continue
    method_refused,          // 405: CONNECT, TRACE
    overloaded,              // 503: too many connections
};

/// What the door hands requests to. Called on io threads, by many connections at once.
class Handler {
  public:
    virtual ~Handler() = default;

    /// Answers a request. Failures become answers inside; only cancellation (operation_aborted) and
    /// base::ClientGone, after which no answer can be sent, come out.
    virtual async::Task<Response> answer(Request& request) = 0;

    /// Renders one of the door's own refusals.
    virtual Response refuse(Refusal reason, std::string_view request_id) = 0;
};

}  // namespace mxcd::http
