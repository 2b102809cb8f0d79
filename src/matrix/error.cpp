#include "mxcd/matrix/error.hpp"

#include <utility>

namespace mxcd::matrix {

ErrorFacts facts_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::bad_request:
            return {400, "M_UNKNOWN"};
        case ErrorCode::missing_param:
            return {400, "M_MISSING_PARAM"};
        case ErrorCode::invalid_param:
            return {400, "M_INVALID_PARAM"};
        case ErrorCode::missing_token:
            return {401, "M_MISSING_TOKEN"};
        case ErrorCode::unknown_token:
            return {401, "M_UNKNOWN_TOKEN"};
        case ErrorCode::user_locked:
            return {401, "M_USER_LOCKED"};
        case ErrorCode::forbidden:
            return {403, "M_FORBIDDEN"};
        case ErrorCode::guest_access_forbidden:
            return {403, "M_GUEST_ACCESS_FORBIDDEN"};
        case ErrorCode::user_suspended:
            return {403, "M_USER_SUSPENDED"};
        case ErrorCode::user_limit_exceeded:
            return {403, "M_USER_LIMIT_EXCEEDED"};
        case ErrorCode::resource_limit_exceeded:
            return {400, "M_RESOURCE_LIMIT_EXCEEDED"};
        case ErrorCode::not_found:
            return {404, "M_NOT_FOUND"};
        case ErrorCode::unrecognized:
            return {404, "M_UNRECOGNIZED"};
        case ErrorCode::method_not_allowed:
            return {405, "M_UNRECOGNIZED"};
        case ErrorCode::cannot_overwrite_media:
            return {409, "M_CANNOT_OVERWRITE_MEDIA"};
        case ErrorCode::request_timeout:
            return {408, "M_UNKNOWN"};
        case ErrorCode::too_large:
            return {413, "M_TOO_LARGE"};
        case ErrorCode::range_not_satisfiable:
            return {416, "M_UNKNOWN"};
        case ErrorCode::expectation_failed:
            return {417, "M_UNKNOWN"};
        case ErrorCode::limit_exceeded:
            return {429, "M_LIMIT_EXCEEDED"};
        case ErrorCode::header_too_large:
            return {431, "M_UNKNOWN"};
        case ErrorCode::internal:
            return {500, "M_UNKNOWN"};
        case ErrorCode::bad_gateway:
            return {502, "M_UNKNOWN"};
        case ErrorCode::unavailable:
            return {503, "M_UNKNOWN"};
        case ErrorCode::not_yet_uploaded:
            return {504, "M_NOT_YET_UPLOADED"};
        case ErrorCode::insufficient_storage:
            return {507, "M_UNKNOWN"};
    }
    return {500, "M_UNKNOWN"};
}

Error::Error(ErrorCode code, std::string public_text)
    : status_(facts_of(code).status),
      errcode_(facts_of(code).errcode),
      public_text_(std::move(public_text)) {}

Error::Error(int status, std::string errcode, std::string public_text)
    : status_(status), errcode_(std::move(errcode)), public_text_(std::move(public_text)) {
    if (status_ >= 400 && status_ <= 599) return;
    // A module's nonsense must not become a success or a broken status line.
    status_ = 500;
    errcode_ = "M_UNKNOWN";
}

Error& Error::with(std::string key, nlohmann::json value) {
    extra_[std::move(key)] = std::move(value);
    return *this;
}

Error& Error::with_retry_after(std::chrono::milliseconds wait) {
    retry_after_ = wait;
    return *this;
}

}  // namespace mxcd::matrix
