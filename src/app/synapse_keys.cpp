#include "synapse_keys.hpp"

#include <algorithm>
#include <array>

namespace mxcd::app {

namespace {

constexpr auto unused_keys = std::to_array<std::string_view>(
    {// media
     "allowed_avatar_mimetypes", "backup_media_store_path", "enable_local_media_storage", "enable_media_repo",
     "max_avatar_size", "max_spider_size", "media_instance_running_background_jobs", "media_retention",
     "media_storage_providers", "oembed", "prevent_media_downloads_from", "remote_media_download_burst_count",
     "remote_media_download_per_second", "synchronous_backup_media_store", "uploads_path",
     "url_preview_accept_language", "url_preview_enabled", "url_preview_ip_range_blacklist",
     "url_preview_ip_range_whitelist", "url_preview_url_blacklist",
     // limits
     "rc_admin_redaction", "rc_delayed_event_mgmt", "rc_federation", "rc_invites", "rc_joins",
     "rc_joins_per_room", "rc_key_requests", "rc_login", "rc_message", "rc_presence", "rc_registration",
     "rc_registration_token_validity", "rc_reports", "rc_room_creation", "rc_third_party_invite",
     "rc_user_directory", "rc_3pid_validation", "federation_rr_transactions_per_room_per_second",
     // federation and keys
     "allow_device_name_lookup_over_federation", "allow_profile_lookup_over_federation",
     "allow_public_rooms_over_federation", "federation", "federation_certificate_verification_whitelist",
     "federation_client_minimum_tls_version", "federation_custom_ca_list", "federation_domain_whitelist",
     "federation_domain_whitelist_endpoint_enabled", "federation_ip_range_blacklist",
     "federation_metrics_domains", "federation_sender_instances", "federation_verify_certificates",
     "ip_range_blacklist", "ip_range_whitelist", "key_refresh_interval", "key_server_signing_keys_path",
     "old_signing_keys", "signing_key", "signing_key_path", "suppress_key_server_warning",
     "tls_certificate_path", "tls_private_key_path", "trusted_key_servers",
     // operation
     "caches", "daemonize", "default_room_version", "enable_metrics", "gc_min_interval", "gc_thresholds",
     "instance_map", "log_config", "metrics_flags", "opentracing", "pid_file", "presence", "print_pidfile",
     "redis", "report_stats", "report_stats_endpoint", "request_token_inhibit_3pid_errors",
     "run_background_tasks_on", "sentry", "serve_server_wellknown", "soft_file_limit", "stream_writers",
     "templates", "use_presence", "user_agent_suffix", "web_client_location", "worker_app",
     "worker_daemonize", "worker_listeners", "worker_log_config", "worker_name", "worker_replication_secret",
     "worker_replication_secret_path"});

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

}  // namespace mxcd::app
