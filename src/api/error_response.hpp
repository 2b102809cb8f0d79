#pragma once

#include "mxcd/api/api.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/http/handler.hpp"
#include "mxcd/http/response.hpp"
#include "mxcd/matrix/error.hpp"

#include "limit_link.hpp"
#include "response_headers.hpp"

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace mxcd::api {

/// An error whose answer says more in its header: Allow, Content-Range.
struct ErrorWithHeaders : matrix::Error {
    ErrorWithHeaders(matrix::Error error, http::HeaderBlock fields)
        : matrix::Error(std::move(error)), headers(std::move(fields)) {}
    http::HeaderBlock headers;
};

/// What an error answer has to know of the request that it ends.
struct FailedRequest {
    std::string_view request_id;
    std::string_view route;
    const DeskConfig& config;
};

/// Turns whatever ended a request into its answer: the only place that builds error bodies, and the only one
/// that logs failures (ours as errors, those of services that we depend on as warnings; refusals are not
/// failures). Spec: Client-Server API, "Standard error response".
class ErrorResponses {
  public:
    /// References must outlive it.
    ErrorResponses(const ResponseHeaders& headers, const LimitLinks& links, const base::Clock& clock,
                   base::Metrics& metrics);

    /// Without the headers that every answer carries. Rethrows base::ClientGone and cancellation
    /// (operation_aborted): nobody is left to answer.
    [[nodiscard]] http::Response render(std::exception_ptr failure, const FailedRequest& request) const;

    /// One of the door's own refusals. Closes the connection.
    [[nodiscard]] http::Response render(http::Refusal reason) const;

    /// For work of ours that failed with no request waiting for it. Logs it, and gives the text that the
    /// operator may read. Rethrows cancellation.
    [[nodiscard]] std::string explain(std::exception_ptr failure, std::string_view work) const;

  private:
    [[nodiscard]] http::Response render(const matrix::Error& error) const;
    [[nodiscard]] http::Response render(const media::UploadLimitExceeded& exceeded,
                                        const FailedRequest& request) const;
    [[nodiscard]] http::Response unavailable(std::chrono::seconds retry_after, std::string text) const;
    [[nodiscard]] http::Response closing(matrix::ErrorCode code, std::string text) const;
    [[nodiscard]] http::Response internal(std::string_view reason, const FailedRequest& request) const;

    const ResponseHeaders& headers_;
    const LimitLinks& links_;
    const base::Clock& clock_;
    base::Counter& internal_errors_;
};

}  // namespace mxcd::api
