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
Response erase(Endpoints& desk, const Call& call) { return desk.deletions.erase(call); }
Response redact(Endpoints& desk, const Call& call) { return desk.deletions.redact(call); }
Response erase_ephemeral(Endpoints& desk, const Call& call) { return desk.deletions.erase_ephemeral(call); }
Response admin_show(Endpoints& desk, const Call& call) { return desk.admin.show(call); }
Response admin_erase(Endpoints& desk, const Call& call) { return desk.admin.erase(call); }
Response quarantine(Endpoints& desk, const Call& call) { return desk.admin.quarantine(call); }
Response unquarantine(Endpoints& desk, const Call& call) { return desk.admin.unquarantine(call); }
Response protect(Endpoints& desk, const Call& call) { return desk.admin.protect(call); }
Response unprotect(Endpoints& desk, const Call& call) { return desk.admin.unprotect(call); }
Response quarantine_user(Endpoints& desk, const Call& call) { return desk.admin.quarantine_user(call); }
Response user_media(Endpoints& desk, const Call& call) { return desk.admin.user_media(call); }
Response erase_user_media(Endpoints& desk, const Call& call) { return desk.admin.erase_user_media(call); }
Response config(Endpoints& desk, const Call& call) { return desk.config.config(call); }
Response usage(Endpoints& desk, const Call& call) { return desk.usage.usage(call); }
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
    Route{"DELETE", "/_matrix/media/r0/download/{serverName}/{mediaId}",
          resource_media, Access::user, content, erase, Rate::unlimited, msc2278},
    Route{"POST", "/_matrix/client/unstable/uk.timedout.msc4322/media/redact/{serverName}/{mediaId}",
          resource_media, Access::user, plain, redact, Rate::unlimited, msc4322},
    Route{"DELETE", "/_matrix/client/unstable/org.matrix.msc4425/{serverName}/{mediaId}",
          resource_media, Access::user, plain, erase_ephemeral, Rate::unlimited, msc4425},
    Route{"GET",    "/_synapse/admin/v1/media/{serverName}/{mediaId}", resource_admin, Access::admin, plain, admin_show},
    Route{"DELETE", "/_synapse/admin/v1/media/{serverName}/{mediaId}", resource_admin, Access::admin, plain, admin_erase},
    Route{"POST", "/_synapse/admin/v1/media/quarantine/{serverName}/{mediaId}",
          resource_admin, Access::admin, plain, quarantine},
    Route{"POST", "/_synapse/admin/v1/media/unquarantine/{serverName}/{mediaId}",
          resource_admin, Access::admin, plain, unquarantine},
    Route{"POST", "/_synapse/admin/v1/media/protect/{mediaId}",     resource_admin, Access::admin, plain, protect},
    Route{"POST", "/_synapse/admin/v1/media/unprotect/{mediaId}",   resource_admin, Access::admin, plain, unprotect},
    Route{"POST", "/_synapse/admin/v1/user/{userId}/media/quarantine",
          resource_admin, Access::admin, plain, quarantine_user},
    Route{"GET",    "/_synapse/admin/v1/users/{userId}/media", resource_admin, Access::admin, plain, user_media},
    Route{"DELETE", "/_synapse/admin/v1/users/{userId}/media", resource_admin, Access::admin, plain, erase_user_media},
    Route{"GET",  "/_matrix/media/unstable/org.matrix.msc4034/usage", resource_media, Access::user, plain, usage},
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
