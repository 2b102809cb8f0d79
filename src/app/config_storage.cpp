#include "sections.hpp"
#include "values.hpp"

namespace mxcd::app {

namespace {

constexpr std::int64_t max_inline_body = 1024 * 1024;

void read_path(Section& section, std::string_view key, std::filesystem::path& into) {
    std::string text;
    if (!section.read(key, text)) return;
    if (text.empty()) section.fail(key, "is empty");
    into = text;
}

void refuse_postgres(Section& database) {
    std::optional<Section> postgres = database.child("postgres");
    if (!postgres) return;
    base::Secret url;  // a password may be in it
    std::int64_t pool_size = 8;
    postgres->read_secret("url", url);
    postgres->read("pool_size", pool_size, Range{1, 1000});
    postgres->finish();
    database.fail("postgres", "PostgreSQL is not in this version yet; use sqlite");
}

void refuse_s3(Section& root) {
    std::optional<Section> s3 = root.child("s3");
    if (!s3) return;
    std::string ignored;
    for (const char* key : {"endpoint", "bucket", "region", "prefix", "access_key_id"})
        s3->read(key, ignored);
    base::Secret secret;
    s3->read_secret("secret_access_key", secret);
    s3->finish();
    root.fail("s3", "S3 is not in this version yet; use media_store_path");
}

void read_database(Section& root, metadata::SqliteConfig& sqlite) {
    root.require("database");
    std::optional<Section> database = root.child("database");
    if (!database) return;
    const bool has_sqlite = database->find("sqlite") != nullptr;
    const bool has_postgres = database->find("postgres") != nullptr;
    if (has_sqlite == has_postgres) root.fail("database", "expected exactly one of sqlite, postgres");
    if (std::optional<Section> section = database->child("sqlite")) {
        read_path(*section, "path", sqlite.path);
        section->finish();
    }
    refuse_postgres(*database);
    database->finish();
}

std::optional<base::RateLimit> read_rate(Section& root, std::string_view key) {
    std::optional<Section> section = root.child(key);
    if (!section) return std::nullopt;
    base::RateLimit limit;
    section->require("per_second");
    section->require("burst_count");
    if (const Node* node = section->find("per_second")) {
        const std::optional<double> value = as_number(*node);
        if (!value || *value <= 0) section->fail("per_second", "expected a number above 0");
        limit.per_second = value.value_or(1);
    }
    section->read("burst_count", limit.burst_count, Range{1, 1'000'000'000});
    section->finish();
    return limit;
}

bool is_mxc_uri(std::string_view text) {
    if (!text.starts_with("mxc://")) return false;
    text.remove_prefix(6);
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return false;
    return matrix::ServerName::parse(text.substr(0, slash)) && matrix::MediaId::parse(text.substr(slash + 1));
}

void read_unauthenticated_media(Section& root, std::vector<std::string>& media) {
    if (!root.read("unauthenticated_media", media)) return;
    for (const std::string& uri : media) {
        if (!is_mxc_uri(uri))
            root.fail("unauthenticated_media", "expected URIs such as mxc://example.org/abc");
    }
}

std::optional<media::UploadLimit> read_upload_limit(Section& entry, base::ByteCount max_upload_size) {
    media::UploadLimit limit;
    entry.require("time_period");
    entry.require("max_size");
    const bool has_period = entry.read("time_period", limit.time_period);
    const bool has_size = entry.read("max_size", limit.max_size);
    if (entry.read("info_uri", limit.info_uri) && !is_http_url(limit.info_uri))
        entry.fail("info_uri", "expected a URL that begins with http:// or https://");
    entry.read("can_upgrade", limit.can_upgrade);
    entry.finish();
    if (has_size && limit.max_size < max_upload_size)
        entry.warn("max_size",
                   "is smaller than max_upload_size: a file in between is announced and never accepted");
    if (!has_period || !has_size) return std::nullopt;
    return limit;
}

}  // namespace

std::optional<std::vector<media::UploadLimit>> read_upload_limits(Section& section,
                                                                  base::ByteCount max_upload_size) {
    std::optional<std::vector<Section>> entries = section.children("media_upload_limits");
    if (!entries) return std::nullopt;
    std::vector<media::UploadLimit> limits;
    for (Section& entry : *entries) {
        const std::optional<media::UploadLimit> limit = read_upload_limit(entry, max_upload_size);
        if (limit) limits.push_back(*limit);
    }
    return limits;
}

void read_storage(Section& root, Configuration& configuration) {
    read_database(root, configuration.database);
    read_path(root, "media_store_path", configuration.store.path);
    refuse_s3(root);
    root.read("min_free_space", configuration.store.min_free_space);
    root.read("inline_body_max", configuration.uploads.inline_body_max, Range{0, max_inline_body});
}

void read_upload_rules(Section& root, Configuration& configuration) {
    root.read("max_upload_size", configuration.uploads.max_upload_size);
    configuration.uploads.limits = read_upload_limits(root, configuration.uploads.max_upload_size)
                                       .value_or(configuration.uploads.limits);
    root.read("max_pending_media_uploads", configuration.uploads.max_pending, Range{0, 1'000'000'000});
    root.read("unused_expiration_time", configuration.uploads.pending_lifetime);
    root.read("enable_authenticated_media", configuration.desk.enable_authenticated_media);
    configuration.uploads.authenticates_media = configuration.desk.enable_authenticated_media;
    read_unauthenticated_media(root, configuration.desk.unauthenticated_media);
    configuration.desk.upload_rate = read_rate(root, "rc_media_upload");
    configuration.desk.create_rate =
        read_rate(root, "rc_media_create").value_or(configuration.desk.create_rate);
}

}  // namespace mxcd::app
