#include "synapse_keys.hpp"

#include <algorithm>
#include <array>

namespace mxcd::app {

namespace {

/// What is about media, or about asking other servers for media. Other keys of Synapse are as unknown as any:
/// pasted here they would have no effect.
constexpr auto unused_keys = std::to_array<std::string_view>(
    {// media
     "allowed_avatar_mimetypes", "backup_media_store_path", "enable_local_media_storage", "enable_media_repo",
     "max_avatar_size", "max_spider_size", "media_instance_running_background_jobs", "media_retention",
     "media_storage_providers", "oembed", "prevent_media_downloads_from", "remote_media_download_burst_count",
     "remote_media_download_per_second", "stream_writers", "synchronous_backup_media_store", "templates",
     "uploads_path", "url_preview_accept_language", "url_preview_enabled", "url_preview_ip_range_blacklist",
     "url_preview_ip_range_whitelist", "url_preview_url_blacklist",
     // federation and keys
     "federation", "federation_certificate_verification_whitelist", "federation_client_minimum_tls_version",
     "federation_custom_ca_list", "federation_domain_whitelist", "federation_ip_range_blacklist",
     "federation_verify_certificates", "ip_range_blacklist", "ip_range_whitelist", "key_refresh_interval",
     "key_server_signing_keys_path", "old_signing_keys", "rc_federation", "signing_key", "signing_key_path",
     "suppress_key_server_warning", "trusted_key_servers"});

constexpr auto unused_experiments =
    std::to_array<std::string_view>({"msc3916_authenticated_media_enabled", "msc4452_enabled"});

constexpr auto unused_listener_keys =
    std::to_array<std::string_view>({"additional_resources", "request_id_header", "tag"});

}  // namespace

bool is_unused_synapse_key(std::string_view key) {
    return std::find(unused_keys.begin(), unused_keys.end(), key) != unused_keys.end();
}

bool is_unused_synapse_listener_key(std::string_view key) {
    return std::find(unused_listener_keys.begin(), unused_listener_keys.end(), key) !=
           unused_listener_keys.end();
}

bool is_unused_synapse_experiment(std::string_view key) {
    return std::find(unused_experiments.begin(), unused_experiments.end(), key) != unused_experiments.end();
}

}  // namespace mxcd::app
