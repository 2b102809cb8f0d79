#include "response_headers.hpp"

#include <utility>

namespace mxcd::api {

namespace {

/// Of a JSON answer, with what complete() adds.
constexpr std::size_t usual_header_size = 640;

}  // namespace

ResponseHeaders::ResponseHeaders() {
    cors_.add("Access-Control-Allow-Origin", "*")
        .add("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS")
        .add("Access-Control-Allow-Headers",
             "X-Requested-With, Content-Type, Authorization, Date, Range, If-None-Match, If-Range")
        .add("Access-Control-Expose-Headers",
             "X-Request-Id, Retry-After, ETag, Content-Disposition, Content-Range, Accept-Ranges, Location, "
             "Content-Length");
    cors_and_protection_.add(cors_)
        .add("Content-Security-Policy",
             "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; "
             "style-src 'unsafe-inline'; media-src 'self'; object-src 'self';")
        .add("X-Content-Security-Policy", "sandbox;")
        .add("Cross-Origin-Resource-Policy", "cross-origin")
        .add("X-Content-Type-Options", "nosniff")
        .add("Referrer-Policy", "no-referrer")
        .add("X-Robots-Tag", "noindex, nofollow, noarchive, noimageindex");
    json_.add("Content-Type", "application/json").add("Cache-Control", "no-cache, no-store, must-revalidate");
    preflight_.add("Access-Control-Max-Age", "86400");
}

void ResponseHeaders::complete(http::Response& response, std::string_view request_id,
                               Protection protection) const {
    response.headers.add(protection == Protection::content ? cors_and_protection_ : cors_);
    response.headers.add("X-Request-Id", request_id);
}

http::Response ResponseHeaders::json(int status, const matrix::Json& body) const {
    return json(status, matrix::to_text(body));
}

http::Response ResponseHeaders::json(int status, std::string body) const {
    http::Response response;
    response.status = status;
    response.headers.reserve(usual_header_size);
    response.headers.add(json_);
    response.body = std::move(body);
    return response;
}

http::Response ResponseHeaders::preflight() const {
    http::Response response;
    response.status = 204;
    response.headers = preflight_;
    return response;
}

}  // namespace mxcd::api
