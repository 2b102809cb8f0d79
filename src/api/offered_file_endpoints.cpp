#include "offered_file_endpoints.hpp"

#include "mxcd/matrix/error.hpp"

#include <optional>
#include <string>

namespace mxcd::api {

async::Task<http::Response> OfferedFileEndpoints::fetch(const Call& call) const {
    const std::optional<media::OpenBlob> file = offers_.take(std::string(call.parameters.at(0)));
    if (!file) throw matrix::Error(matrix::ErrorCode::not_found, "Not found");
    http::Response response;
    response.headers.add("Content-Type", "application/octet-stream").add("Cache-Control", "no-store");
    response.body = http::FileSlice{file->file, 0, file->size.value()};
    co_return response;
}

}  // namespace mxcd::api
