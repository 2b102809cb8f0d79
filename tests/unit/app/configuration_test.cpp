#include "app/configuration.hpp"

#include "configuration_texts.hpp"
#include "support/catch.hpp"
#include "support/temp_folder.hpp"

#include <sys/stat.h>

namespace {

using namespace std::chrono_literals;
using namespace mxcd;
using test::contains;
using test::minimal;
using test::read;
using test::read_with;
using test::texts_of;

app::Configuration good(const app::LoadOutcome& outcome) {
    INFO(texts_of(outcome.report.mistakes));
    REQUIRE(outcome.configuration);
    return *outcome.configuration;
}

TEST_CASE("the required keys are enough, and everything else has its default", "[configuration]") {
    const app::Configuration c = good(read(minimal));
    CHECK(c.desk.server_name.text() == "example.org");
    CHECK(c.desk.public_baseurl == "https://example.org/");
    CHECK(c.desk.access_token_in_query);
    CHECK(c.desk.limit_exceeded_response == api::LimitExceededResponse::user_limit);
    REQUIRE(c.server.listeners.size() == 1);
    CHECK(c.server.listeners[0].address == "127.0.0.1");
    CHECK(c.server.listeners[0].port == 8090);
    CHECK_FALSE(c.server.listeners[0].x_forwarded);
    CHECK(c.server.listeners[0].resources == (api::resource_media | api::resource_health));
    CHECK(c.server.trusted_proxies == std::vector<std::string>{"127.0.0.0/8", "::1"});
    CHECK(c.auth.homeserver_url == "http://127.0.0.1:8008");
    CHECK(c.auth.cache_ttl == 2min);
    CHECK(c.auth.server_name == "example.org");
    CHECK(c.database.path == "mxcd.db");
    CHECK(c.store.path == "media_store");
    CHECK(c.store.min_free_space == base::ByteCount(1LL << 30));
    CHECK(c.uploads.max_upload_size == base::ByteCount(50 << 20));
    CHECK(c.uploads.inline_body_max == base::ByteCount(32 << 10));
    CHECK(c.uploads.limits.empty());
    CHECK(c.uploads.max_pending == 5);
    CHECK(c.uploads.pending_lifetime == 24h);
    CHECK(c.desk.enable_authenticated_media);
    CHECK(c.desk.unauthenticated_media.empty());
    CHECK(c.modules.empty());
    CHECK(c.log.level == base::LogLevel::info);
    CHECK(c.log.format == base::LogFormat::json);
    CHECK(c.python.interpreter == "python3");
}

TEST_CASE("values are read into their rooms' settings", "[configuration]") {
    const app::Configuration c = good(
        read_with("public_baseurl: https://m.example.org\n"
                  "max_upload_size: 100M\n"
                  "inline_body_max: 0\n"
                  "min_free_space: 5G\n"
                  "limit_exceeded_response: synapse_legacy\n"
                  "access_token_in_query: no\n"
                  "unauthenticated_media: [mxc://example.org/abc]\n"
                  "media_upload_limits:\n"
                  "  - {time_period: 1w, max_size: 500M, info_uri: \"https://x/?a\", can_upgrade: true}\n"
                  "  - {time_period: 3600000, max_size: 104857600}\n"
                  "log: {level: off, format: text}\n"));
    CHECK(c.desk.public_baseurl == "https://m.example.org/");
    CHECK_FALSE(c.desk.access_token_in_query);
    CHECK(c.desk.limit_exceeded_response == api::LimitExceededResponse::synapse_legacy);
    CHECK(c.uploads.limits ==
          std::vector<media::UploadLimit>{{7 * 24h, base::ByteCount(500 << 20), "https://x/?a", true},
                                          {1h, base::ByteCount(100 << 20), "", false}});
    CHECK(c.log.level == base::LogLevel::off);
    CHECK(c.log.format == base::LogFormat::text);
}

TEST_CASE("a listener is a port on each of its addresses, or a socket", "[configuration]") {
    const app::Configuration c = good(
        read("server_name: example.org\n"
             "auth: {static_tokens: []}\n"
             "database: {sqlite: {}}\n"
             "listeners:\n"
             "  - {bind_addresses: [127.0.0.1, \"::1\"], port: 0, x_forwarded: true, resources: [media]}\n"
             "  - {path: /run/a.sock, mode: 0600, resources: [metrics, admin]}\n"
             "  - {path: /run/b.sock, mode: 660, resources: [health]}\n"));
    REQUIRE(c.server.listeners.size() == 4);
    CHECK(c.server.listeners[1].address == "::1");
    CHECK(c.server.listeners[1].x_forwarded);
    CHECK(c.server.listeners[2].mode == 0600);
    CHECK(c.server.listeners[2].path == "/run/a.sock");
    CHECK(c.server.listeners[2].resources == (api::resource_metrics | api::resource_admin));
    CHECK(c.server.listeners[3].mode == 0660);
}

TEST_CASE("Synapse's listeners are understood", "[configuration]") {
    const app::LoadOutcome outcome = read(
        "server_name: example.org\n"
        "auth: {homeserver_url: \"http://hs/\"}\n"
        "database: {sqlite: {}}\n"
        "listeners:\n"
        "  - port: 8008\n"
        "    tls: false\n"
        "    type: http\n"
        "    x_forwarded: true\n"
        "    bind_addresses: ['::1', '127.0.0.1']\n"
        "    tag: main\n"
        "    resources:\n"
        "      - names: [client, federation]\n"
        "        compress: false\n"
        "      - names: [metrics]\n");
    const app::Configuration c = good(outcome);
    REQUIRE(c.server.listeners.size() == 2);
    CHECK(c.server.listeners[0].resources ==
          (api::resource_media | api::resource_federation | api::resource_metrics));
    CHECK(c.auth.homeserver_url == "http://hs");
    const std::string warnings = texts_of(outcome.report.warnings);
    CHECK_THAT(warnings, contains("a.yaml:10: listeners[0].tag: mxcd does not use this key of Synapse"));
    CHECK_THAT(warnings, contains("federation without a signing key"));
}

TEST_CASE("later files are merged over earlier ones", "[configuration]") {
    const app::LoadOutcome outcome = app::read_configuration(
        {{"a.yaml", minimal + "max_upload_size: 1M\nlog: {level: warn, format: text}\n"},
         {"b.yaml",
          "max_upload_size: 2M\nlog: {level: error}\n"
          "listeners: [{port: 1, resources: [health]}]\n"}});
    const app::Configuration c = good(outcome);
    CHECK(c.uploads.max_upload_size == base::ByteCount(2 << 20));
    CHECK(c.log.level == base::LogLevel::error);
    CHECK(c.log.format == base::LogFormat::text);
    REQUIRE(c.server.listeners.size() == 1);
    CHECK(c.server.listeners[0].port == 1);
    CHECK_THAT(texts_of(app::read_configuration({{"a.yaml", minimal}, {"b.yaml", "\nmax_upload_size: x\n"}})
                            .report.mistakes),
               contains("b.yaml:2: max_upload_size"));
}

TEST_CASE("a secret comes from a file, without one newline", "[configuration]") {
    const test::TempFolder folder;
    const std::string path = (folder.path() / "secret").string();
    std::ofstream(path) << "s3cret\n";
    chmod(path.c_str(), 0600);
    const std::string auth =
        "server_name: example.org\nlisteners: [{port: 1, resources: [media]}]\ndatabase: {sqlite: {}}\n";
    const std::string token =
        auth + "auth: {static_tokens: [{token_path: \"" + path + "\", user_id: \"@a:example.org\"}]}\n";
    app::LoadOutcome outcome = read(token);
    const app::Configuration c = good(outcome);
    CHECK(c.auth.static_tokens.at(0).token.reveal() == "s3cret");
    CHECK(outcome.report.warnings.empty());

    chmod(path.c_str(), 0644);
    CHECK_THAT(
        texts_of(read(token).report.warnings),
        contains("a.yaml:4: auth.static_tokens[0].token_path: everybody on this machine can read the file"));

    std::ofstream(path) << "s3cret\n\n";
    CHECK_THAT(texts_of(read(token).report.mistakes), contains("holds a space, a line break"));

    std::filesystem::remove(path);
    CHECK_THAT(texts_of(read(token).report.mistakes), contains("the file cannot be read: No such file"));
    CHECK_THAT(texts_of(read(auth + "auth: {static_tokens: [{token: a, token_path: b, user_id: \"@a:b\"}]}\n")
                            .report.mistakes),
               contains("is given beside token"));
    CHECK_THAT(texts_of(read(auth + "auth: {static_tokens: [{token_path: /dev/zero, user_id: \"@a:b\"}]}\n")
                            .report.mistakes),
               contains("is not a file"));
}

TEST_CASE("secrets may be given as KEY_path: FILE everywhere", "[configuration]") {
    const test::TempFolder folder;
    const std::string path = (folder.path() / "secret").string();
    std::ofstream(path) << "sqlite:///x.db\n";
    chmod(path.c_str(), 0600);
    const auto [more, key] = GENERATE(table<std::string, std::string>({
        {"python: {synapse_database_path: \"FILE\"}\n", ""},
        {"modules: [{webhook: \"http://x\", secret_path: \"FILE\"}]\n", ""},
        {"s3: {secret_access_key_path: \"FILE\"}\n", "s3: S3 is not in this version yet"},
        {"database: {postgres: {url_path: \"FILE\"}}\n", "database.postgres: PostgreSQL is not in this"},
    }));
    std::string text = more;
    text.replace(text.find("FILE"), 4, path);
    const app::LoadOutcome outcome = app::read_configuration(
        {{"a.yaml",
          "server_name: example.org\nlisteners: [{port: 1, resources: [media]}]\nauth: {static_tokens: "
          "[]}\n" +
              std::string(text.starts_with("database") ? "" : "database: {sqlite: {}}\n") + text}});
    CHECK(outcome.report.warnings.empty());
    CHECK(outcome.report.mistakes.size() == (key.empty() ? 0 : 1));
    CHECK_THAT(texts_of(outcome.report.mistakes), contains(key));
    if (text.starts_with("python"))
        CHECK(outcome.configuration.value().python.synapse_database == "sqlite:///x.db");
}

TEST_CASE("webhooks carry their settings", "[configuration]") {
    const app::LoadOutcome outcome = read_with(
        "modules:\n"
        "  - {webhook: \"https://hook.example/media\", name: hook, secret: s, timeout: 2s, config: "
        "{cache_ttl: 1m}}\n"
        "  - {webhook: \"http://127.0.0.1:9011/media?key=k3y#k\"}\n"
        "  - {builtin: clamd, config: {socket: \"[::1]:3310\", max_size: 25M, infected: quarantine}}\n");
    REQUIRE(outcome.configuration);
    const std::vector<app::ModuleConfig>& modules = outcome.configuration->modules;
    REQUIRE(modules.size() == 3);
    CHECK(modules[0].name == "hook");
    CHECK(modules[0].timeout == 2s);
    const auto& hook = std::get<mxcd::modules::WebhookConfig>(modules[0].kind);
    CHECK(hook.url == "https://hook.example/media");
    CHECK(hook.secret.reveal() == "s");
    CHECK(hook.cache_ttl == 1min);
    CHECK(std::get<mxcd::modules::WebhookConfig>(modules[1].kind).cache_ttl == 0ms);
    CHECK(std::get<mxcd::modules::WebhookConfig>(modules[1].kind).url ==
          "http://127.0.0.1:9011/media?key=k3y#k");
    // It is in the log and in metrics, where secrets never appear.
    CHECK(modules[1].name == "http://127.0.0.1:9011/media");
    REQUIRE(outcome.report.warnings.size() == 1);
    CHECK(outcome.report.warnings[0].text().find("not signed") != std::string::npos);
    const auto& clamd = std::get<mxcd::modules::ClamdConfig>(modules[2].kind);
    CHECK(clamd.socket == "[::1]:3310");
    CHECK(clamd.max_size.value() == 25 * 1024 * 1024);
    CHECK(clamd.infected == mxcd::modules::ClamdConfig::Infected::quarantine);
}

TEST_CASE("modules with settings of their own get them in the order of the file", "[configuration]") {
    const app::Configuration c =
        good(read_with("modules:\n"
                       "  - {module: p.Module, config: {z: 1, a: {y: 2, b: [3]}}}\n"
                       "  - {library: /proc/self/exe, config: {z: 1, a: {y: 2, b: [3]}}}\n"
                       "  - {module: p.Module}\n"
                       "  - {library: /proc/self/exe}\n"));
    const std::string text = R"({"z":1,"a":{"y":2,"b":[3]}})";
    CHECK(std::get<modules::PythonModuleConfig>(c.modules[0].kind).config == text);
    CHECK(std::get<modules::LibraryConfig>(c.modules[1].kind).config == text);
    CHECK(std::get<modules::PythonModuleConfig>(c.modules[2].kind).config == "{}");
    CHECK(std::get<modules::LibraryConfig>(c.modules[3].kind).config == "{}");
}

TEST_CASE("builtin modules carry their settings", "[configuration]") {
    const app::Configuration c = good(
        read_with("max_upload_size: 20M\n"
                  "modules:\n"
                  "  - builtin: user_tiers\n"
                  "    name: tiers\n"
                  "    timeout: 2s\n"
                  "    on_error: allow\n"
                  "    callbacks: [get_media_config_for_user]\n"
                  "    config:\n"
                  "      rules:\n"
                  "        - {user: \"@vip-*:x\", media_upload_limits: [], config: {\"m.upload.size\": 7}}\n"
                  "        - {server: \"*.org\", max_upload_size: 1M}\n"
                  "  - {builtin: mime_policy, config: {check: sniffed, deny: [text/html]}}\n"
                  "  - {builtin: total_quota, config: {max_size: 1G, max_files: 3}}\n"));
    REQUIRE(c.modules.size() == 3);
    CHECK(c.modules[0].name == "tiers");
    CHECK(c.modules[0].timeout == 2s);
    CHECK(c.modules[0].on_error == media::OnError::allow);
    CHECK(c.modules[0].callbacks == std::vector<std::string>{"get_media_config_for_user"});
    const auto& tiers = std::get<modules::UserTiersConfig>(c.modules[0].kind);
    CHECK(tiers.max_upload_size == base::ByteCount(20 << 20));
    REQUIRE(tiers.rules.size() == 2);
    CHECK(tiers.rules[0].config == matrix::Json::parse(R"({"m.upload.size": 7})"));
    REQUIRE(tiers.rules[0].media_upload_limits);
    CHECK(tiers.rules[0].media_upload_limits->empty());
    CHECK_FALSE(tiers.rules[1].media_upload_limits);
    CHECK(c.modules[1].name == "mime_policy");
    CHECK(c.modules[1].timeout == 5s);
    CHECK(std::get<modules::MimePolicyConfig>(c.modules[1].kind).check ==
          modules::MimePolicyConfig::Check::sniffed);
    CHECK(std::get<modules::TotalQuotaConfig>(c.modules[2].kind).max_files == 3);
}

TEST_CASE("the rate of uploads is Synapse's form, and none unless it is set", "[configuration]") {
    const app::LoadOutcome limited = read_with("rc_media_upload: {per_second: 0.5, burst_count: 5}\n");
    CHECK(good(limited).desk.upload_rate == base::RateLimit{0.5, 5});
    CHECK(limited.report.warnings.empty());
    const app::LoadOutcome unlimited = read_with("");
    CHECK_FALSE(good(unlimited).desk.upload_rate);
}

TEST_CASE("the rate of created media IDs is Synapse's unless it is set", "[configuration]") {
    const app::LoadOutcome set = read_with("rc_media_create: {per_second: 1.5, burst_count: 3}\n");
    CHECK(good(set).desk.create_rate == base::RateLimit{1.5, 3});
    CHECK(set.report.warnings.empty());
    CHECK(good(read_with("")).desk.create_rate == base::RateLimit{10, 50});
}

TEST_CASE("warnings are no mistakes", "[configuration]") {
    const auto [more, warning] = GENERATE(table<std::string, std::string>({
        {"max_upload_size: 50M\nmedia_upload_limits: [{time_period: 1h, max_size: 10M}]\n",
         "a.yaml:6: media_upload_limits[0].max_size: is smaller than max_upload_size"},
        {"url_preview_enabled: true\n",
         "a.yaml:5: url_preview_enabled: mxcd does not use this key of Synapse"},
        {"signing_key_path: x\n", "a.yaml:5: signing_key_path: mxcd does not use"},
        {"modules: [{builtin: mime_policy, secret: s}]\n",
         "a.yaml:5: modules[0].secret: is not used: only webhooks are signed"},
        {"max_spider_size: 10M\n", "max_spider_size"},
        {"media_retention: {local_media_lifetime: 90d}\n", "media_retention"},
        {"remote_media_download_per_second: 87K\n", "remote_media_download_per_second"},
        {"rc_federation: {window_size: 1000}\n", "rc_federation"},
        {"experimental_features: {msc4452_enabled: true}\n",
         "a.yaml:5: experimental_features.msc4452_enabled: mxcd does not use this key of Synapse"},
    }));
    const app::LoadOutcome outcome = read_with(more);
    static_cast<void>(good(outcome));
    CHECK_THAT(texts_of(outcome.report.warnings), contains(warning));
}

TEST_CASE("federation without a signing key is a warning", "[configuration]") {
    const auto [more, is_warned] = GENERATE(table<std::string, bool>(
        {{"", true}, {"signing_key_path: x\n", false}, {"signing_key: x\n", false}}));
    const app::LoadOutcome outcome = read(
        "server_name: example.org\nauth: {static_tokens: []}\ndatabase: {sqlite: {}}\n"
        "listeners: [{port: 1, resources: [federation]}]\n" +
        more);
    static_cast<void>(good(outcome));
    CAPTURE(more, texts_of(outcome.report.warnings));
    const bool is_told =
        texts_of(outcome.report.warnings).find("federation without a signing key") != std::string::npos;
    CHECK(is_told == is_warned);
    CHECK_THAT(
        texts_of(outcome.report.warnings),
        contains("a.yaml:4: listeners[0].resources: the federation routes are not in this version yet"));
}

}  // namespace
