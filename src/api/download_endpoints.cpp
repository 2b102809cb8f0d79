#include "download_endpoints.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/matrix/error.hpp"

#include "content_disposition.hpp"
#include "content_type.hpp"
#include "error_response.hpp"
#include "media_path.hpp"
#include "ranges.hpp"
#include "response_headers.hpp"

#include <string_view>
#include <utility>

namespace mxcd::api {

namespace {

using matrix::Error;
using matrix::ErrorCode;

/// Content under one media ID never changes; only its caller may keep it.
constexpr std::string_view cache_control = "private, max-age=86400, immutable";

std::string file_name(std::string_view segment) {
    std::string name = decoded_segment(segment);
    if (!base::is_valid_utf8(name)) throw Error(ErrorCode::invalid_param, "The file name is not valid UTF-8");
    return name;
}

std::optional<std::string> asked_name(const Call& call) {
    if (call.parameters.size() < 3) return std::nullopt;
    return file_name(call.parameters.at(2));
}

http::Body body_of(const media::Download& download, ByteRange part) {
    if (!download.blob) return http::MemorySlice{download.record->inline_body, part.offset, part.length};
    return http::FileSlice{download.blob->file, part.offset, part.length};
}

/// RFC 9110 gives Range a meaning for GET only, and If-Range may take it away.
RangeRequest range_of(const http::Request& request, std::string_view tag, std::int64_t size) {
    const std::optional<std::string_view> range = request.header("Range");
    if (!range || request.method != "GET") return {};
    const std::optional<std::string_view> condition = request.header("If-Range");
    if (condition && !holds(*condition, tag)) return {};
    return read_range(*range, size);
}

ErrorWithHeaders unsatisfiable(std::int64_t size) {
    http::HeaderBlock fields;
    fields.add("Content-Range", unsatisfied_range(size));
    return {Error(ErrorCode::range_not_satisfiable, "The requested range is not within the content"), fields};
}

http::Response not_modified(std::string_view tag) {
    http::Response response;
    response.status = 304;
    response.headers.add("ETag", tag).add("Cache-Control", cache_control);
    return response;
}

http::Response content(const media::Download& download, const RangeRequest& range,
                       const std::optional<std::string>& asked_name, std::string_view tag) {
    const media::MediaRecord& record = *download.record;
    const std::int64_t size = record.size.value();
    http::Response response;
    response.headers.reserve(content_header_size);
    response.headers.add("Content-Type", served_content_type(record.content_type))
        .add("Content-Disposition",
             content_disposition(record.content_type, asked_name ? asked_name : record.file_name))
        .add("Cache-Control", cache_control)
        .add("ETag", tag)
        .add("Accept-Ranges", "bytes");
    ByteRange part{0, size};
    if (range.kind == RangeRequest::Kind::part) {
        part = range.part;
        response.status = 206;
        response.headers.add("Content-Range", content_range(part, size));
    }
    response.body = body_of(download, part);
    return response;
}

}  // namespace

async::Task<http::Response> DownloadEndpoints::download(const Call& call) const {
    const std::optional<std::string> name = asked_name(call);
    const media::Download found = co_await finder_.find(call, wanted_media(call));
    const std::string tag = entity_tag(found.record->blob.hex());
    const std::optional<std::string_view> known = call.request.header("If-None-Match");
    if (known && matches_any(*known, tag)) co_return not_modified(tag);
    const std::int64_t size = found.record->size.value();
    const RangeRequest range = range_of(call.request, tag, size);
    if (range.kind == RangeRequest::Kind::unsatisfiable) throw unsatisfiable(size);
    co_return content(found, range, name, tag);
}

}  // namespace mxcd::api
