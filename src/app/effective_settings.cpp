#include "effective_settings.hpp"

#include <cstdint>
#include <string_view>

namespace mxcd::app {

namespace {

using Settings = std::map<std::string, std::string>;

std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(std::int64_t value) { return std::to_string(value); }
std::string text_of(base::ByteCount value) { return std::to_string(value.value()); }
std::string text_of(std::chrono::milliseconds value) { return std::to_string(value.count()) + " ms"; }

std::string text_of(const base::RateLimit& rate) {
    return std::to_string(rate.per_second) + " " + text_of(rate.burst_count);
}

std::string text_of(const std::vector<std::string>& texts) {
    std::string text;
    for (const std::string& each : texts) text += (text.empty() ? "" : ", ") + each;
    return text;
}

std::string text_of(const http::ListenerConfig& listener) {
    std::string text = listener.path.empty() ? listener.address + " " + std::to_string(listener.port)
                                             : listener.path + " " + std::to_string(listener.mode);
    text += " resources " + std::to_string(listener.resources);
    if (listener.x_forwarded) text += " x_forwarded";
    return text;
}

std::string text_of(const media::UploadLimit& limit) {
    return text_of(limit.time_period) + " " + text_of(limit.max_size) + " " + limit.info_uri +
           (limit.can_upgrade ? " can_upgrade" : "");
}

template <class Items>
std::string list_of(const Items& items) {
    std::string text;
    for (const auto& item : items) text += "[" + text_of(item) + "]";
    return text;
}

void add_auth(const remote::AuthConfig& auth, Settings& settings) {
    settings["auth.homeserver_url"] = auth.homeserver_url;
    settings["auth.admin_token"] = auth.admin_token.empty() ? "" : "given";
    settings["auth.cache_ttl"] = text_of(auth.cache_ttl);
    settings["auth.introspection"] =
        auth.introspection ? auth.introspection->endpoint + " " + auth.introspection->client_id : "";
    std::string tokens;
    for (const remote::StaticToken& token : auth.static_tokens) tokens += "[" + token.user.text() + "]";
    settings["auth.static_tokens"] = tokens;
    std::string admins;
    for (const matrix::UserId& admin : auth.admins) admins += "[" + admin.text() + "]";
    settings["auth.admins"] = admins;
}

void add_modules(const std::vector<ModuleConfig>& modules, Settings& settings) {
    std::string text;
    for (const ModuleConfig& module : modules)
        text += "[" + module.name + " " + std::to_string(module.kind.index()) + " " +
                text_of(module.timeout) + (module.on_error == media::OnError::allow ? " allow" : " deny") +
                " " + (module.callbacks ? text_of(*module.callbacks) : "all") + "]";
    settings["modules"] = text;
}

void add_uploads(const Configuration& configuration, Settings& settings) {
    settings["max_upload_size"] = text_of(configuration.uploads.max_upload_size);
    settings["media_upload_limits"] = list_of(configuration.uploads.limits);
    settings["inline_body_max"] = text_of(configuration.uploads.inline_body_max);
    settings["max_pending_media_uploads"] = text_of(configuration.uploads.max_pending);
    settings["unused_expiration_time"] = text_of(configuration.uploads.pending_lifetime);
    settings["enable_authenticated_media"] = text_of(configuration.desk.enable_authenticated_media);
    settings["unauthenticated_media"] = text_of(configuration.desk.unauthenticated_media);
    const std::optional<base::RateLimit>& rate = configuration.desk.upload_rate;
    settings["rc_media_upload"] = rate ? text_of(*rate) : std::string();
    settings["rc_media_create"] = text_of(configuration.desk.create_rate);
}

void add_thumbnails(const Configuration& configuration, Settings& settings) {
    std::string sizes;
    for (const media::ThumbnailSize& size : configuration.thumbnails.sizes)
        sizes += "[" + media::to_text(media::ThumbnailForm{size, false, false}) + "]";
    settings["thumbnail_sizes"] = sizes;
    settings["dynamic_thumbnails"] = text_of(configuration.thumbnails.is_dynamic);
    settings["thumbnail_webp"] = text_of(configuration.thumbnails.offers_webp);
    settings["thumbnail_video"] = text_of(configuration.thumbnails.includes_video);
    settings["max_image_pixels"] = text_of(configuration.decodes.max_image_pixels);
}

}  // namespace

std::map<std::string, std::string> effective_settings(const Configuration& configuration) {
    Settings settings;
    settings["server_name"] = configuration.desk.server_name.text();
    settings["public_baseurl"] = configuration.desk.public_baseurl;
    settings["access_token_in_query"] = text_of(configuration.desk.access_token_in_query);
    settings["limit_exceeded_response"] =
        text_of(static_cast<std::int64_t>(configuration.desk.limit_exceeded_response));
    settings["experimental_features"] = text_of(std::int64_t{configuration.desk.experiments});
    settings["listeners"] = list_of(configuration.server.listeners);
    settings["trusted_proxies"] = text_of(configuration.server.trusted_proxies);
    settings["database"] = "sqlite " + configuration.database.path.string();
    settings["media_store_path"] = configuration.store.path.string();
    settings["min_free_space"] = text_of(configuration.store.min_free_space);
    add_auth(configuration.auth, settings);
    add_modules(configuration.modules, settings);
    add_uploads(configuration, settings);
    add_thumbnails(configuration, settings);
    settings["log.level"] = text_of(static_cast<std::int64_t>(configuration.log.level));
    settings["log.format"] = text_of(static_cast<std::int64_t>(configuration.log.format));
    settings["python.interpreter"] = configuration.python.interpreter;
    settings["python.path"] = text_of(configuration.python.path);
    settings["python.synapse_database"] = configuration.python.synapse_database.empty() ? "" : "given";
    settings["python.synapse_database_writable"] = text_of(configuration.python.synapse_database_writable);
    settings["python.memory_limit"] = text_of(configuration.python.memory_limit);
    return settings;
}

std::vector<std::string> restart_keys(const Configuration& running, const Configuration& next) {
    const Settings before = effective_settings(running);
    const Settings after = effective_settings(next);
    std::vector<std::string> keys;
    for (const char* key :
         {"server_name", "listeners", "database", "media_store_path", "min_free_space", "max_image_pixels"}) {
        if (before.at(key) != after.at(key)) keys.emplace_back(key);
    }
    return keys;
}

}  // namespace mxcd::app
