#include "error_response.hpp"

#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <utility>
#include <variant>

namespace mxcd::api {

namespace {

constexpr base::Logger logger("api");

constexpr std::chrono::seconds when_overloaded{2};
constexpr std::chrono::seconds when_upstream_fails{5};
constexpr std::chrono::seconds when_full{30};

constexpr const char* limit_text = "Media upload limit exceeded";
constexpr const char* unknown_reason = "an exception of unknown type";

bool is_cancellation(const boost::system::system_error& error) {
    return error.code() == boost::asio::error::operation_aborted;
}

void warn(std::string_view message, std::string_view reason, const FailedRequest& request) {
    logger.warn(message, {{"request_id", request.request_id}, {"route", request.route}, {"reason", reason}});
}

/// The limit's own page and upgrade, where the refusal is a window's.
struct LimitExtras {
    std::string info_uri;
    bool can_upgrade = false;
};

LimitExtras extras_of(const media::UploadLimitExceeded& exceeded) {
    const auto* const refusal = std::get_if<media::LimitRefusal>(&exceeded.refusal);
    if (refusal == nullptr) return {};
    return {refusal->limit.info_uri, refusal->limit.can_upgrade};
}

matrix::Error error_of(http::Refusal reason) {
    using matrix::Error;
    using matrix::ErrorCode;
    switch (reason) {
        case http::Refusal::malformed:
            return Error(ErrorCode::bad_request, "Malformed request");
        case http::Refusal::repeated_authorization:
            return Error(ErrorCode::missing_token, "Too many Authorization headers");
        case http::Refusal::header_timeout:
            return Error(ErrorCode::request_timeout, "The request header took too long");
        case http::Refusal::header_too_large:
            return Error(ErrorCode::header_too_large, "The request header is too large");
        case http::Refusal::expectation_failed:
            return Error(ErrorCode::expectation_failed, "Unsupported expectation");
        case http::Refusal::method_refused:
            return Error(ErrorCode::method_not_allowed, "Unrecognized request");
        case http::Refusal::overloaded:
            return Error(ErrorCode::unavailable, "The server is busy").with_retry_after(when_overloaded);
    }
    return Error(ErrorCode::bad_request, "Malformed request");
}

}  // namespace

ErrorResponses::ErrorResponses(const ResponseHeaders& headers, const LimitLinks& links,
                               const base::Clock& clock, base::Metrics& metrics)
    : headers_(headers),
      links_(links),
      clock_(clock),
      internal_errors_(metrics.counter("mxcd_internal_errors_total", "Requests that ended with status 500")) {
}

http::Response ErrorResponses::render(std::exception_ptr failure, const FailedRequest& request) const {
    try {
        std::rethrow_exception(std::move(failure));
    } catch (const base::ClientGone&) {
        throw;
    } catch (const ErrorWithHeaders& error) {
        http::Response response = render(static_cast<const matrix::Error&>(error));
        response.headers.add(error.headers);
        return response;
    } catch (const matrix::Error& error) {
        return render(error);
    } catch (const media::UploadLimitExceeded& exceeded) {
        return render(exceeded, request);
    } catch (const base::StorageFull& full) {
        warn("there is no room left", full.what(), request);
        return unavailable(when_full, "The server has no room for this");
    } catch (const base::Overloaded&) {
        return unavailable(when_overloaded, "The server is busy");
    } catch (const base::UpstreamError& error) {
        warn("a service that requests depend on failed", error.what(), request);
        return unavailable(when_upstream_fails, "A service that this server depends on is not available");
    } catch (const base::MalformedBody&) {
        return closing(matrix::ErrorCode::bad_request, "Malformed request body");
    } catch (const async::TimedOut&) {
        return closing(matrix::ErrorCode::request_timeout, "The request body took too long");
    } catch (const boost::system::system_error& error) {
        if (is_cancellation(error)) throw;
        return internal(error.what(), request);
    } catch (const std::exception& error) {
        return internal(error.what(), request);
    } catch (...) {
        return internal(unknown_reason, request);
    }
}

http::Response ErrorResponses::render(http::Refusal reason) const {
    http::Response response = render(error_of(reason));
    if (reason == http::Refusal::method_refused)
        response.headers.add("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS");
    response.close = true;
    return response;
}

std::string ErrorResponses::explain(std::exception_ptr failure, std::string_view work) const {
    std::string reason = unknown_reason;
    std::string for_operator = "internal error; the log has the reason";
    try {
        std::rethrow_exception(std::move(failure));
    } catch (const base::StorageError& error) {
        reason = for_operator = error.what();
    } catch (const boost::system::system_error& error) {
        if (is_cancellation(error)) throw;
        reason = error.what();
    } catch (const std::exception& error) {
        reason = error.what();
    } catch (...) {
    }
    logger.error("work in the background failed", {{"work", work}, {"reason", std::string_view(reason)}});
    return for_operator;
}

http::Response ErrorResponses::render(const matrix::Error& error) const {
    matrix::Json body = error.extra();
    body["errcode"] = error.errcode();
    body["error"] = error.what();
    const std::optional<std::chrono::milliseconds> wait = error.retry_after();
    if (wait && error.status() == 429) body["retry_after_ms"] = wait->count();
    http::Response response = headers_.json(error.status(), body);
    if (wait) {
        const std::chrono::seconds whole = std::chrono::ceil<std::chrono::seconds>(*wait);
        response.headers.add("Retry-After", static_cast<std::int64_t>(whole.count()));
    }
    return response;
}

http::Response ErrorResponses::render(const media::UploadLimitExceeded& exceeded,
                                      const FailedRequest& request) const {
    if (request.config.limit_exceeded_response == LimitExceededResponse::synapse_legacy)
        return render(matrix::Error(matrix::ErrorCode::resource_limit_exceeded, limit_text));
    LimitExtras extras = extras_of(exceeded);
    if (extras.info_uri.empty())
        extras.info_uri = links_.link(request.config.public_baseurl, limit_facts_of(exceeded, clock_.now()));
    matrix::Error error(matrix::ErrorCode::user_limit_exceeded, limit_text);
    error.with("info_uri", std::move(extras.info_uri));
    if (extras.can_upgrade) error.with("can_upgrade", true);
    return render(error);
}

http::Response ErrorResponses::unavailable(std::chrono::seconds retry_after, std::string text) const {
    matrix::Error error(matrix::ErrorCode::unavailable, std::move(text));
    error.with_retry_after(retry_after);
    return render(error);
}

http::Response ErrorResponses::closing(matrix::ErrorCode code, std::string text) const {
    http::Response response = render(matrix::Error(code, std::move(text)));
    response.close = true;
    return response;
}

http::Response ErrorResponses::internal(std::string_view reason, const FailedRequest& request) const {
    internal_errors_.add();
    logger.error(
        "a request failed",
        {{"request_id", request.request_id}, {"route", request.route}, {"reason", std::string_view(reason)}});
    return render(matrix::Error(matrix::ErrorCode::internal, "Internal server error"));
}

}  // namespace mxcd::api
