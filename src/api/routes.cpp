#include "endpoints.hpp"

#include <array>

namespace mxcd::api {

namespace {

using Response = async::Task<http::Response>;

Response create(Endpoints& desk, const Call& call) { return desk.uploads.create(call); }
Response upload_to(Endpoints& desk, const Call& call) { return desk.uploads.upload_to(call); }
Response upload(Endpoints& desk, const Call& call) { return desk.uploads.upload(call); }
Response download(Endpoints& desk, const Call& call) { return desk.downloads.download(call); }
Response thumbnail(Endpoints& desk, const Call& call) { return desk.thumbnails.thumbnail(call); }
Response config(Endpoints& desk, const Call& call) { return desk.config.config(call); }
Response limit_page(Endpoints& desk, const Call& call) { return desk.limit_page.show(call); }
Response offered_file(Endpoints& desk, const Call& call) { return desk.offered_files.fetch(call); }
Response alive(Endpoints& desk, const Call&) { return desk.operations.alive(); }
Response ready(Endpoints& desk, const Call&) { return desk.operations.ready(); }
Response metrics(Endpoints& desk, const Call&) { return desk.operations.metrics(); }
Response start_backup(Endpoints& desk, const Call& call) { return desk.operations.start_backup(call); }
Response backup_state(Endpoints& desk, const Call&) { return desk.operations.backup_state(); }

constexpr auto plain = Protection::none;
constexpr auto content = Protection::content;
/// Clients and other servers alike come by the old routes.
constexpr http::ResourceMask legacy = resource_media | resource_federation;

// clang-format off
constexpr std::array routes{
    Route{"GET",  "/_matrix/client/v1/media/config", resource_media, Access::user, plain, config},
    Route{"GET",  "/_matrix/media/v3/config",        resource_media, Access::user, plain, config},
    Route{"GET",  "/_matrix/media/r0/config",        resource_media, Access::user, plain, config},
    Route{"GET",  "/_matrix/media/v1/config",        resource_media, Access::user, plain, config},
    Route{"POST", "/_matrix/media/v3/upload",        resource_media, Access::writer, plain, upload, Rate::uploads},
    Route{"POST", "/_matrix/media/r0/upload",        resource_media, Access::writer, plain, upload, Rate::uploads},
    Route{"POST", "/_matrix/media/v1/upload",        resource_media, Access::writer, plain, upload, Rate::uploads},
    Route{"POST", "/_matrix/media/v1/create",        resource_media, Access::writer, plain, create, Rate::creations},
    Route{"PUT",  "/_matrix/media/v3/upload/{serverName}/{mediaId}",
          resource_media, Access::writer, plain, upload_to, Rate::uploads},
    Route{"GET",  "/_matrix/client/v1/media/download/{serverName}/{mediaId}",
          resource_media, Access::user_or_guest, content, download},
    Route{"GET",  "/_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}",
          resource_media, Access::user_or_guest, content, download},
    Route{"GET",  "/_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}",
          resource_media, Access::user_or_guest, content, thumbnail},
    Route{"GET",  "/_matrix/media/v3/download/{serverName}/{mediaId}",            legacy, Access::open, content, download},
    Route{"GET",  "/_matrix/media/v3/download/{serverName}/{mediaId}/{fileName}", legacy, Access::open, content, download},
    Route{"GET",  "/_matrix/media/v3/thumbnail/{serverName}/{mediaId}",           legacy, Access::open, content, thumbnail},
    Route{"GET",  "/_matrix/media/r0/download/{serverName}/{mediaId}",            legacy, Access::open, content, download},
    Route{"GET",  "/_matrix/media/r0/download/{serverName}/{mediaId}/{fileName}", legacy, Access::open, content, download},
    Route{"GET",  "/_matrix/media/r0/thumbnail/{serverName}/{mediaId}",           legacy, Access::open, content, thumbnail},
    Route{"GET",  "/_matrix/media/v1/download/{serverName}/{mediaId}",            legacy, Access::open, content, download},
    Route{"GET",  "/_matrix/media/v1/download/{serverName}/{mediaId}/{fileName}", legacy, Access::open, content, download},
    Route{"GET",  "/_matrix/media/v1/thumbnail/{serverName}/{mediaId}",           legacy, Access::open, content, thumbnail},
    Route{"GET",  limit_page_path,  resource_media,   Access::open, plain, limit_page},
    Route{"GET",  "/health",        resource_health,  Access::open, plain, alive},
    Route{"GET",  "/health/ready",  resource_health,  Access::open, plain, ready},
    Route{"GET",  "/metrics",       resource_metrics, Access::open, plain, metrics},
    Route{"GET",  "/_mxcd/files/{token}", resource_offered_files, Access::open, plain, offered_file},
    Route{"POST", "/_mxcd/backup",  resource_control, Access::open, plain, start_backup},
    Route{"GET",  "/_mxcd/backup",  resource_control, Access::open, plain, backup_state},
};
// clang-format on

}  // namespace

std::span<const Route> route_table() { return routes; }

}  // namespace mxcd::api
