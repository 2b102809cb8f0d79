#include "upload_endpoints.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/matrix/error.hpp"

#include "media_path.hpp"

#include <chrono>
#include <utility>

namespace mxcd::api {

namespace {

constexpr std::string_view default_type = "application/octet-stream";

std::string content_type_of(const http::Request& request) {
    const std::string_view sent = request.header("Content-Type").value_or(std::string_view());
    return std::string(sent.empty() ? default_type : sent);
}

/// How long an upload's answer waits for the image to be decoded.
constexpr std::chrono::milliseconds blurhash_patience{5000};

/// MSC2448.
bool wants_blurhash(const Call& call) {
    if ((call.config.experiments & msc2448) == 0) return false;
    return base::query_value(call.request.query, "xyz.amorgan.generate_blurhash") == "true";
}

/// MSC4425.
bool is_ephemeral(const Call& call) {
    if ((call.config.experiments & msc4425) == 0) return false;
    return base::query_value(call.request.query, "org.matrix.msc4425.ephemeral") == "true";
}

}  // namespace

async::Task<http::Response> UploadEndpoints::upload(const Call& call) const {
    const matrix::MediaId id = co_await uploads_.store(request_of(call));
    matrix::Json answer = matrix::Json::object();
    answer["content_uri"] = matrix::mxc_uri(call.config.server_name, id);
    http::Response response = co_await stored(call, id, std::move(answer));
    co_return response;
}

async::Task<http::Response> UploadEndpoints::create(const Call& call) const {
    const media::CreatedMedia created = co_await uploads_.create(call.user(), is_ephemeral(call));
    matrix::Json answer = matrix::Json::object();
    answer["content_uri"] = matrix::mxc_uri(call.config.server_name, created.id);
    answer["unused_expires_at"] = created.expires_at.time_since_epoch().count();
    co_return headers_.json(200, answer);
}

async::Task<http::Response> UploadEndpoints::upload_to(const Call& call) const {
    const matrix::ServerName server = server_name_in(call.parameters.at(0));
    matrix::MediaId id = media_id_in(call.parameters.at(1));
    if (server != call.config.server_name)
        throw matrix::Error(matrix::ErrorCode::not_found, "Not a media ID of this server");
    media::PendingClaim claim = co_await uploads_.claim(std::move(id), call.user());
    media::UploadRequest request = request_of(call);
    request.claim = std::move(claim);
    const matrix::MediaId stored_id = co_await uploads_.store(std::move(request));
    http::Response response = co_await stored(call, stored_id, matrix::Json::object());
    co_return response;
}

async::Task<http::Response> UploadEndpoints::stored(const Call& call, matrix::MediaId id,
                                                    matrix::Json answer) const {
    if (wants_blurhash(call)) {
        const std::optional<media::PictureFacts> picture =
            co_await thumbnails_.await_picture(std::move(id), blurhash_patience);
        if (picture && picture->blurhash) answer["xyz.amorgan.blurhash"] = *picture->blurhash;
    }
    co_return headers_.json(200, answer);
}

media::UploadRequest UploadEndpoints::request_of(const Call& call) const {
    media::UploadRequest request{call.user(), content_type_of(call.request), file_name_of(call.request),
                                 call.request.content_length, call.request.body()};
    request.is_ephemeral = is_ephemeral(call);
    return request;
}

std::optional<std::string> UploadEndpoints::file_name_of(const http::Request& request) const {
    const std::optional<std::string_view> encoded = base::query_value(request.query, "filename");
    if (!encoded || encoded->empty()) return std::nullopt;
    std::optional<std::string> name = base::percent_decode(*encoded, base::PlusSign::space);
    if (name && base::is_valid_utf8(*name)) return name;
    // The size is judged before the name (contract section 4): store() refuses this one, whatever its name.
    const std::shared_ptr<const media::UploadPolicy> policy = uploads_.policy();
    if (request.content_length && *request.content_length > policy->max_upload_size) return std::nullopt;
    throw matrix::Error(matrix::ErrorCode::invalid_param, "Query parameter filename is not valid UTF-8");
}

}  // namespace mxcd::api
