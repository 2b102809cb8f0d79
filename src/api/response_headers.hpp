#pragma once

#include "mxcd/http/response.hpp"
#include "mxcd/matrix/json.hpp"

#include "route_table.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace mxcd::api {

/// What the fields of an answer with media take, with what complete() adds: to be reserved.
constexpr std::size_t content_header_size = 1400;

/// The one place for header fields that never change, each group rendered once. CORS, X-Request-Id and the
/// security headers are added to finished answers, so that no endpoint and no error can forget them.
class ResponseHeaders {
  public:
    ResponseHeaders();

    /// Adds what every answer carries. Spec: Client-Server API, "Web Browser Clients" and "Content
    /// Repository".
    void complete(http::Response& response, std::string_view request_id, Protection protection) const;

    [[nodiscard]] http::Response json(int status, const matrix::Json& body) const;
    [[nodiscard]] http::Response json(int status, std::string body) const;
    /// The answer to OPTIONS.
    [[nodiscard]] http::Response preflight() const;

  private:
    http::HeaderBlock cors_;
    http::HeaderBlock cors_and_protection_;
    http::HeaderBlock json_;
    http::HeaderBlock preflight_;
};

}  // namespace mxcd::api
