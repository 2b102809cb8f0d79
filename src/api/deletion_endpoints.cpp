#include "deletion_endpoints.hpp"

#include "mxcd/matrix/error.hpp"

#include "media_path.hpp"

#include <optional>

namespace mxcd::api {

namespace {

using matrix::Error;
using matrix::ErrorCode;

Error not_found() { return Error(ErrorCode::not_found, "Not found"); }

matrix::MediaId local_media(const Call& call) {
    const matrix::ServerName server = server_name_in(call.parameters.at(0));
    matrix::MediaId id = media_id_in(call.parameters.at(1));
    if (server != call.config.server_name) throw not_found();
    return id;
}

void require_uploader(const Call& call, const media::MediaRecord& record) {
    if (record.owner == call.user()) return;
    throw Error(ErrorCode::forbidden, "Only who uploaded the media can delete it");
}

}  // namespace

async::Task<http::Response> DeletionEndpoints::erase(const Call& call) const {
    const matrix::MediaId id = local_media(call);
    const std::optional<media::MediaRecord> record = co_await moderation_.find(id);
    if (!record) throw not_found();
    if (!call.caller.value().is_admin) require_uploader(call, *record);
    co_await moderation_.erase(id, call.user());
    co_return headers_.json(200, matrix::Json::object());
}

async::Task<http::Response> DeletionEndpoints::redact(const Call& call) const {
    const matrix::MediaId id = local_media(call);
    const std::optional<media::MediaRecord> record = co_await moderation_.find(id);
    if (record) {
        require_uploader(call, *record);
        co_await moderation_.erase(id, call.user());
    }
    co_return headers_.json(200, matrix::Json::object());
}

async::Task<http::Response> DeletionEndpoints::erase_ephemeral(const Call& call) const {
    const matrix::MediaId id = local_media(call);
    const std::optional<media::MediaRecord> record = co_await moderation_.find(id);
    if (!record) throw not_found();
    require_uploader(call, *record);
    if (!record->is_ephemeral) throw Error(ErrorCode::forbidden, "The media is not ephemeral");
    co_await moderation_.erase(id, call.user());
    co_return headers_.json(200, matrix::Json::object());
}

}  // namespace mxcd::api
