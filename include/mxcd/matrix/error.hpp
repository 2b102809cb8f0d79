#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace mxcd::matrix {

/// Why a request ends without success. src/matrix/error.cpp holds the one table with each code's Matrix name
/// and HTTP status. Spec: Client-Server API, "Standard error response".
enum class ErrorCode : std::uint8_t {
    bad_request,              // 400 M_UNKNOWN
    missing_param,            // 400 M_MISSING_PARAM
    invalid_param,            // 400 M_INVALID_PARAM
    missing_token,            // 401 M_MISSING_TOKEN
    unknown_token,            // 401 M_UNKNOWN_TOKEN
    user_locked,              // 401 M_USER_LOCKED
    forbidden,                // 403 M_FORBIDDEN
    guest_access_forbidden,   // 403 M_GUEST_ACCESS_FORBIDDEN
    user_suspended,           // 403 M_USER_SUSPENDED
    user_limit_exceeded,      // 403 M_USER_LIMIT_EXCEEDED
    resource_limit_exceeded,  // 400 M_RESOURCE_LIMIT_EXCEEDED (limit_exceeded_response: synapse_legacy)
    not_found,                // 404 M_NOT_FOUND
    unrecognized,             // 404 M_UNRECOGNIZED
    method_not_allowed,       // 405 M_UNRECOGNIZED
    cannot_overwrite_media,   // 409 M_CANNOT_OVERWRITE_MEDIA
    request_timeout,          // 408 M_UNKNOWN
    too_large,                // 413 M_TOO_LARGE
    range_not_satisfiable,    // 416 M_UNKNOWN
    expectation_failed,       // 417 M_UNKNOWN
    limit_exceeded,           // 429 M_LIMIT_EXCEEDED
    header_too_large,         // 431 M_UNKNOWN
    internal,                 // 500 M_UNKNOWN
    bad_gateway,              // 502 M_UNKNOWN
    unavailable,              // 503 M_UNKNOWN, with Retry-After
    not_yet_uploaded,         // 504 M_NOT_YET_UPLOADED
    insufficient_storage,     // 507 M_UNKNOWN
};

struct ErrorFacts {
    int status;
    std::string_view errcode;
};

[[nodiscard]] ErrorFacts facts_of(ErrorCode code);

/// Ends a request with a Matrix error. `what()` is the public text of the body's `error` key: constant text
/// or text of the operator's module, never a library's and never the client's own.
class Error : public std::exception {
  public:
    Error(ErrorCode code, std::string public_text);
    /// For errors that come from a homeserver or a module with their own status (400 to 599) and errcode.
    Error(int status, std::string errcode, std::string public_text);

    [[nodiscard]] const char* what() const noexcept override { return public_text_.c_str(); }
    [[nodiscard]] int status() const { return status_; }
    [[nodiscard]] const std::string& errcode() const { return errcode_; }
    /// More keys of the body (`soft_logout`, `info_uri`, ...), an object.
    [[nodiscard]] const nlohmann::json& extra() const { return extra_; }
    [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }

    Error& with(std::string key, nlohmann::json value);
    /// Becomes the header Retry-After, which counts whole seconds and is rounded up; at 429 also
    /// `retry_after_ms`.
    Error& with_retry_after(std::chrono::milliseconds wait);

  private:
    int status_;
    std::string errcode_;
    std::string public_text_;
    nlohmann::json extra_ = nlohmann::json::object();
    std::optional<std::chrono::milliseconds> retry_after_;
};

}  // namespace mxcd::matrix
