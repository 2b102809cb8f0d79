#include "mxcd/matrix/error.hpp"

#include "support/catch.hpp"

using namespace mxcd::matrix;

TEST_CASE("every error code has its status and Matrix name") {
    struct Row {
        ErrorCode code;
        int status;
        std::string_view errcode;
    };
    for (const Row& row : {Row{ErrorCode::bad_request, 400, "M_UNKNOWN"},
                           Row{ErrorCode::missing_param, 400, "M_MISSING_PARAM"},
                           Row{ErrorCode::invalid_param, 400, "M_INVALID_PARAM"},
                           Row{ErrorCode::missing_token, 401, "M_MISSING_TOKEN"},
                           Row{ErrorCode::unknown_token, 401, "M_UNKNOWN_TOKEN"},
                           Row{ErrorCode::user_locked, 401, "M_USER_LOCKED"},
                           Row{ErrorCode::forbidden, 403, "M_FORBIDDEN"},
                           Row{ErrorCode::guest_access_forbidden, 403, "M_GUEST_ACCESS_FORBIDDEN"},
                           Row{ErrorCode::user_suspended, 403, "M_USER_SUSPENDED"},
                           Row{ErrorCode::user_limit_exceeded, 403, "M_USER_LIMIT_EXCEEDED"},
                           Row{ErrorCode::resource_limit_exceeded, 400, "M_RESOURCE_LIMIT_EXCEEDED"},
                           Row{ErrorCode::not_found, 404, "M_NOT_FOUND"},
                           Row{ErrorCode::unrecognized, 404, "M_UNRECOGNIZED"},
                           Row{ErrorCode::method_not_allowed, 405, "M_UNRECOGNIZED"},
                           Row{ErrorCode::cannot_overwrite_media, 409, "M_CANNOT_OVERWRITE_MEDIA"},
                           Row{ErrorCode::request_timeout, 408, "M_UNKNOWN"},
                           Row{ErrorCode::too_large, 413, "M_TOO_LARGE"},
                           Row{ErrorCode::range_not_satisfiable, 416, "M_UNKNOWN"},
                           Row{ErrorCode::expectation_failed, 417, "M_UNKNOWN"},
                           Row{ErrorCode::limit_exceeded, 429, "M_LIMIT_EXCEEDED"},
                           Row{ErrorCode::header_too_large, 431, "M_UNKNOWN"},
                           Row{ErrorCode::internal, 500, "M_UNKNOWN"},
                           Row{ErrorCode::bad_gateway, 502, "M_UNKNOWN"},
                           Row{ErrorCode::unavailable, 503, "M_UNKNOWN"},
                           Row{ErrorCode::not_yet_uploaded, 504, "M_NOT_YET_UPLOADED"},
                           Row{ErrorCode::insufficient_storage, 507, "M_UNKNOWN"}}) {
        CAPTURE(row.status, row.errcode);
        CHECK(facts_of(row.code).status == row.status);
        CHECK(facts_of(row.code).errcode == row.errcode);
        const Error error(row.code, "text");
        CHECK(error.status() == row.status);
        CHECK(error.errcode() == row.errcode);
    }
}

TEST_CASE("an error carries its public text, more keys and a time to wait") {
    Error error(ErrorCode::user_limit_exceeded, "Media upload limit exceeded");
    CHECK(error.what() == std::string("Media upload limit exceeded"));
    CHECK(error.extra() == nlohmann::json::object());
    CHECK_FALSE(error.retry_after());
    error.with("info_uri", "https://example.org/")
        .with("can_upgrade", true)
        .with_retry_after(std::chrono::seconds(5));
    CHECK(error.extra() ==
          nlohmann::json::parse(R"({"info_uri":"https://example.org/","can_upgrade":true})"));
    CHECK(error.retry_after() == std::chrono::seconds(5));
    const Error copy = error;
    CHECK(copy.extra() == error.extra());
}

TEST_CASE("a module's own error keeps its status and code") {
    const Error error(451, "ORG_EXAMPLE_NO", "Not here");
    CHECK(error.status() == 451);
    CHECK(error.errcode() == "ORG_EXAMPLE_NO");
}

TEST_CASE("a status that is no error becomes 500 M_UNKNOWN") {
    for (const int status : {200, 0, -1, 399, 600, INT_MAX, INT_MIN}) {
        const Error error(status, "M_FINE", "text");
        CAPTURE(status);
        CHECK(error.status() == 500);
        CHECK(error.errcode() == "M_UNKNOWN");
    }
    CHECK(Error(400, "M_A", "").status() == 400);
    CHECK(Error(599, "M_A", "").status() == 599);
}
