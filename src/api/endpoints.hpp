#pragma once

#include "admin_endpoints.hpp"
#include "config_endpoints.hpp"
#include "deletion_endpoints.hpp"
#include "download_endpoints.hpp"
#include "limit_page.hpp"
#include "offered_file_endpoints.hpp"
#include "operations_endpoints.hpp"
#include "thumbnail_endpoints.hpp"
#include "upload_endpoints.hpp"
#include "usage_endpoints.hpp"

#include <span>

namespace mxcd::api {

/// What the route table calls.
struct Endpoints {
    UploadEndpoints uploads;
    DownloadEndpoints downloads;
    ThumbnailEndpoints thumbnails;
    DeletionEndpoints deletions;
    AdminEndpoints admin;
    ConfigEndpoints config;
    UsageEndpoints usage;
    LimitPage limit_page;
    OfferedFileEndpoints offered_files;
    OperationsEndpoints operations;
};

/// The whole interface as one table: method, path, which listeners, for whom, under which protection, and
/// what answers.
[[nodiscard]] std::span<const Route> route_table();

}  // namespace mxcd::api
