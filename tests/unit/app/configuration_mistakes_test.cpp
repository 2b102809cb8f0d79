#include "configuration_texts.hpp"
#include "support/catch.hpp"
#include "support/temp_folder.hpp"

namespace {

using namespace mxcd;
using test::contains;
using test::minimal;
using test::read;
using test::read_with;
using test::texts_of;

TEST_CASE("a mistake names its line, its key and the reason", "[configuration]") {
    const auto [more, mistake] = GENERATE(table<std::string, std::string>({
        {"max_upload_sise: 5M\n",
         "a.yaml:5: max_upload_sise: unknown key (did you mean \"max_upload_size\"?)\n"},
        {"\n\nmax_upload_size: five\n",
         "a.yaml:7: max_upload_size: expected a size: bytes, or a whole number with K, M, G or T\n"},
        {"max_upload_size: -1\n", "a.yaml:5: max_upload_size: must be at least 0\n"},
        {"max_upload_size: 9999999T\n", "a.yaml:5: max_upload_size: must be at most 9007199254740991\n"},
        {"max_upload_size: [1]\n", "a.yaml:5: max_upload_size: expected a size, found a list\n"},
        {"max_upload_size:\n", "a.yaml:5: max_upload_size: expected a size, found nothing\n"},
        {"max_upload_size: 1M\nmax_upload_size: 2M\n",
         "a.yaml:6: max_upload_size: is given twice, first in line 5\n"},
        {"inline_body_max: 2M\n", "a.yaml:5: inline_body_max: must be at most 1048576\n"},
        {"unused_expiration_time: soon\n",
         "a.yaml:5: unused_expiration_time: expected a duration: milliseconds, or a whole number with s, m, "
         "h, d, w or y\n"},
        {"unused_expiration_time: 0\n", "a.yaml:5: unused_expiration_time: must be at least 1\n"},
        {"max_pending_media_uploads: 1.5\n",
         "a.yaml:5: max_pending_media_uploads: expected a whole number\n"},
        {"max_pending_media_uploads: \"5\"\n",
         "a.yaml:5: max_pending_media_uploads: expected a whole number\n"},
        {"access_token_in_query: \"yes\"\n",
         "a.yaml:5: access_token_in_query: expected true or false, found text\n"},
        {"access_token_in_query: 1\n",
         "a.yaml:5: access_token_in_query: expected true or false, found a number\n"},
        {"public_baseurl: example.org\n",
         "a.yaml:5: public_baseurl: expected a URL that begins with http:// or https://\n"},
        {"public_baseurl: 5\n",
         "a.yaml:5: public_baseurl: expected text, found a number; put it in quotes\n"},
        {"limit_exceeded_response: user_limits\n",
         "a.yaml:5: limit_exceeded_response: expected one of user_limit, synapse_legacy (did you mean "
         "\"user_limit\"?)\n"},
        {"trusted_proxies: [127.0.0.1, nowhere]\n",
         "a.yaml:5: trusted_proxies: expected addresses or blocks such as 10.0.0.0/8\n"},
        {"trusted_proxies: 127.0.0.1\n", "a.yaml:5: trusted_proxies: expected a list, found text\n"},
        {"trusted_proxies: [[a]]\n", "a.yaml:5: trusted_proxies[0]: expected text, found a list\n"},
        {"python:\n  path:\n    - /etc/x\n    - 5\n",
         "a.yaml:8: python.path[1]: expected text, found a number; put it in quotes\n"},
        {"unauthenticated_media: [https://x]\n",
         "a.yaml:5: unauthenticated_media: expected URIs such as mxc://example.org/abc\n"},
        {"media_store_path: ''\n", "a.yaml:5: media_store_path: is empty\n"},
        {"log: {level: loud}\n", "a.yaml:5: log.level: expected one of debug, info, warn, error, off\n"},
        {"log: {format: jsn}\n",
         "a.yaml:5: log.format: expected one of json, text (did you mean \"json\"?)\n"},
        {"log: {levle: info}\n", "a.yaml:5: log.levle: unknown key (did you mean \"level\"?)\n"},
        {"log: info\n", "a.yaml:5: log: expected a mapping, found text\n"},
        {"python: {interpretor: x}\n",
         "a.yaml:5: python.interpretor: unknown key (did you mean \"interpreter\"?)\n"},
        {"python: {synapse_database: mysql://x, memory_limit: 1M}\n",
         "a.yaml:5: python.synapse_database: expected postgresql://... or sqlite:///path/to/homeserver.db\n"
         "a.yaml:5: python.memory_limit: must be at least 268435456\n"},
        {"log_config: x\n", "a.yaml:5: log_config: unknown key\n"},
        {"rc_login: {per_second: 10, burst_count: 50}\n", "a.yaml:5: rc_login: unknown key\n"},
        {"experimental_features: {msc2287_enabled: true}\n",
         "a.yaml:5: experimental_features.msc2287_enabled: unknown key (did you mean "
         "\"msc2278_enabled\"?)\n"},
        {"registration_shared_secret: x\n", "a.yaml:5: registration_shared_secret: unknown key\n"},
        {"s3: {bucket: b}\n", "a.yaml:5: s3: S3 is not in this version yet; use media_store_path\n"},
        {"media_upload_limits:\n  - {time_period: 1h}\n",
         "a.yaml:6: media_upload_limits[0].max_size: is required\n"},
        {"media_upload_limits:\n  - {max_size: 1G}\n",
         "a.yaml:6: media_upload_limits[0].time_period: is required\n"},
        {"media_upload_limits:\n  - time_period: 1h\n    max_size: 1G\n    info_url: x\n",
         "a.yaml:8: media_upload_limits[0].info_url: unknown key (did you mean \"info_uri\"?)\n"},
        {"media_upload_limits: [{time_period: 1h, max_size: 1G, info_uri: \"javascript:x\"}]\n",
         "a.yaml:5: media_upload_limits[0].info_uri: expected a URL that begins with http:// or https://\n"},
        {"media_upload_limits: [5]\n",
         "a.yaml:5: media_upload_limits[0]: expected a mapping, found a number\n"},
        {"media_upload_limits: {}\n", "a.yaml:5: media_upload_limits: expected a list, found a mapping\n"},
        {"rc_media_upload: {per_second: 1, burst_count: 0}\n",
         "a.yaml:5: rc_media_upload.burst_count: must be at least 1\n"},
        {"rc_media_upload: {per_second: 1}\n", "a.yaml:5: rc_media_upload.burst_count: is required\n"},
        {"rc_media_upload: {per_second: .inf, burst_count: 1}\n",
         "a.yaml:5: rc_media_upload.per_second: expected a number above 0\n"},
        {"rc_media_upload: {per_second: 0, burst_count: 1}\n",
         "a.yaml:5: rc_media_upload.per_second: expected a number above 0\n"},
    }));
    const app::LoadOutcome outcome = read_with(more);
    CHECK_FALSE(outcome.configuration);
    CHECK(texts_of(outcome.report.mistakes) == mistake);
}

TEST_CASE("mistakes in modules are named", "[configuration]") {
    const auto [entry, mistake] = GENERATE(table<std::string, std::string>({
        {"{builtin: user_tears, config: {}}",
         "modules[0].builtin: expected one of user_tiers, mime_policy, total_quota, clamd (did you mean "
         "\"user_tiers\"?)\n"},
        {"{builtin: user_tiers}", "modules[0].config.rules: is required\n"},
        {"{builtin: user_tiers, config: {rules: [{user_regex: \"(\"}]}}",
         "modules[0].config.rules[0].user_regex: is not a regular expression\n"},
        {"{builtin: user_tiers, config: {rules: [{usr: x}]}}",
         "modules[0].config.rules[0].usr: unknown key (did you mean \"user\"?)\n"},
        {"{builtin: mime_policy, config: {check: both}}",
         "modules[0].config.check: expected one of declared, sniffed\n"},
        {"{builtin: total_quota, config: {max_files: -1}}",
         "modules[0].config.max_files: must be at least 0\n"},
        {"{builtin: total_quota, config: []}", "modules[0].config: expected a mapping, found a list\n"},
        {"{builtin: total_quota, on_error: ignore}", "modules[0].on_error: expected one of deny, allow\n"},
        {"{builtin: total_quota, callbacks: [on_media_upload]}", "(did you mean \"on_media_uploaded\"?)\n"},
        {"{builtin: total_quota, colour: red}", "modules[0].colour: unknown key\n"},
        {"{webhook: \"ftp://x\", secret: y}", "modules[0].webhook: expected an http or https URL\n"},
        {"{webhook: \"http://x\", secret: y, config: {cache_tl: 1s}}",
         "modules[0].config.cache_tl: unknown key (did you mean \"cache_ttl\"?)\n"},
        {"{webhook: \"http://x\", secret: y, config: 7}",
         "modules[0].config: expected a mapping, found a number\n"},
        {"{webhook: \"http://x\", secret_path: /none}",
         "modules[0].secret_path: the file cannot be read: No such file or directory\n"},
        {"{builtin: clamd, config: {socket: \"clamd:3310\"}}",
         "modules[0].config.socket: expected an absolute path, or an IP address and port as in "
         "127.0.0.1:3310\n"},
        {"{library: /x.so, trust: in_process, config: {a: 1}}",
         "modules[0].library: the file cannot be read: No such file or directory\n"},
        {"{library: /dev/null, trust: in_proces}",
         "modules[0].trust: expected one of none, in_process (did you mean \"in_process\"?)\n"},
        {"{library: /dev/null, trust: in_process, config: 7}",
         "modules[0].config: expected a mapping, found a number\n"},
        {"{builtin: total_quota, trust: in_process}", "modules[0].trust: unknown key\n"},
        {"{module: my_package}",
         "modules[0].module: expected a class with its package: my_package.MyModule\n"},
        {"{module: a.2B}", "modules[0].module: expected a class with its package: my_package.MyModule\n"},
        {"{module: a.B, config: []}", "modules[0].config: expected a mapping, found a list\n"},
        {"{config: {}}", "modules[0]: expected exactly one of builtin, webhook, library, module\n"},
        {"{builtin: total_quota, module: a.B}",
         "modules[0]: expected exactly one of builtin, webhook, library, module\n"},
    }));
    const app::LoadOutcome outcome = read_with("modules: [" + entry + "]\n");
    CHECK_FALSE(outcome.configuration);
    CHECK(outcome.report.mistakes.size() == 1);
    CHECK_THAT(texts_of(outcome.report.mistakes), contains("a.yaml:5: "));
    CHECK(outcome.report.warnings.empty());
    CHECK_THAT(texts_of(outcome.report.mistakes), contains(mistake));
}

TEST_CASE("mistakes in listeners are named", "[configuration]") {
    const auto [listener, mistake] = GENERATE(table<std::string, std::string>({
        {"{resources: [media]}", "listeners[0].port: is required\n"},
        {"{port: 1}", "listeners[0].resources: is required\n"},
        {"{port: 1, resources: []}", "listeners[0].resources: is empty\n"},
        {"{port: 65536, resources: [media]}", "listeners[0].port: must be at most 65535\n"},
        {"{port: \"80\", resources: [media]}", "listeners[0].port: expected a whole number\n"},
        {"{port: 1, path: /x, resources: [media]}",
         "listeners[0].path: is given beside port; give one of them\n"},
        {"{port: 1, resources: [meda]}",
         "listeners[0].resources: expected one of media, federation, admin, metrics, health (did you mean "
         "\"media\"?)\n"},
        {"{port: 1, resources: [client]}",
         "listeners[0].resources: expected one of media, federation, admin, metrics, health\n"},
        {"{port: 1, resources: [{names: [clent]}]}", "(did you mean \"client\"?)\n"},
        {"{port: 1, resources: [{compress: false}]}", "listeners[0].resources[0].names: is required\n"},
        {"{port: 1, bind_addresses: [localhost], resources: [media]}",
         "listeners[0].bind_addresses: expected IPv4 or IPv6 addresses, not names\n"},
        {"{port: 1, bind_addresses: [], resources: [media]}", "listeners[0].bind_addresses: is empty\n"},
        {"{path: /x, mode: 999, resources: [media]}",
         "listeners[0].mode: expected octal digits such as 660\n"},
        {"{path: \"\", resources: [media]}", "listeners[0].path: a socket's path has 1 to 107 bytes\n"},
        {"{port: 1, type: manhole, resources: [media]}",
         "listeners[0].type: mxcd has listeners of type http only\n"},
        {"5", "listeners[0]: expected a mapping, found a number\n"},
        {"{port: 1, tls: true, resources: [media]}",
         "listeners[0].tls: mxcd speaks plain HTTP; the reverse proxy ends TLS\n"},
        {"{port: 1, resources: [media]}, {port: 1, resources: [health]}",
         "listeners[1].port: another listener is there already\n"},
    }));
    const app::LoadOutcome outcome = read(
        "server_name: example.org\nauth: {static_tokens: []}\ndatabase: {sqlite: {}}\n"
        "listeners: [" +
        listener + "]\n");
    CHECK_FALSE(outcome.configuration);
    CHECK(outcome.report.mistakes.size() == 1);
    CHECK_THAT(texts_of(outcome.report.mistakes), contains("a.yaml:4: "));
    CHECK_THAT(texts_of(outcome.report.mistakes), contains(mistake));
}

TEST_CASE("mistakes in auth and database are named", "[configuration]") {
    const auto [auth, database, mistake] = GENERATE(table<std::string, std::string, std::string>({
        {"{}", "{sqlite: {}}", "auth.homeserver_url: is required, unless static_tokens are given\n"},
        {"{homeserver_url: hs}", "{sqlite: {}}", "auth.homeserver_url: expected a URL"},
        {"{homeserver_url: \"http://hs\", introspection: {endpoint: \"http://x\"}}", "{sqlite: {}}",
         "auth.introspection.client_secret: is required, or client_secret_path\n"},
        {"{introspection: {endpoint: \"http://x\", client_secret: y}}", "{sqlite: {}}",
         "auth.introspection: needs homeserver_url beside it\n"},
        {"{static_tokens: [{user_id: \"@a:b\"}]}", "{sqlite: {}}",
         "auth.static_tokens[0].token: is required, or token_path\n"},
        {"{static_tokens: [{token: t, user_id: alice}]}", "{sqlite: {}}",
         "auth.static_tokens[0].user_id: expected a user ID such as @alice:example.org\n"},
        {"{static_tokens: [{token: t, user_id: \"@a:b\"}, {token: t, user_id: \"@b:b\"}]}", "{sqlite: {}}",
         "auth.static_tokens[1].token: another entry has this token already\n"},
        {"{static_tokens: [], admin_token: t}", "{sqlite: {}}",
         "auth.admin_token: needs homeserver_url beside it\n"},
        {"{homeserver_url: \"http://hs\", admin_token: \"a b\"}", "{sqlite: {}}",
         "auth.admin_token: holds a space, a line break or another character that no token has\n"},
        {"{static_tokens: [{token: t}]}", "{sqlite: {}}", "auth.static_tokens[0].user_id: is required\n"},
        {"{static_tokens: [], admins: [root]}", "{sqlite: {}}",
         "auth.admins: expected user IDs such as @alice:example.org\n"},
        {"{static_tokens: []}", "{}", "database: expected exactly one of sqlite, postgres\n"},
        {"{static_tokens: []}", "{postgres: {url: x, pool_size: 8}}",
         "database.postgres: PostgreSQL is not in this version yet; use sqlite\n"},
        {"{static_tokens: []}", "{sqlite: {file: x}}", "database.sqlite.file: unknown key\n"},
    }));
    const app::LoadOutcome outcome =
        read("server_name: example.org\nlisteners: [{port: 1, resources: [media]}]\nauth: " + auth +
             "\ndatabase: " + database + "\n");
    CHECK_FALSE(outcome.configuration);
    CHECK(outcome.report.mistakes.size() == 1);
    CHECK_THAT(texts_of(outcome.report.mistakes), contains(mistake));
}

TEST_CASE("all mistakes are reported at once", "[configuration]") {
    const app::LoadOutcome outcome =
        read("server_name: \"not a name\"\nmax_upload_sise: 1\nmax_upload_size: x\nlisteners: []\n");
    const std::string text = texts_of(outcome.report.mistakes);
    for (const char* each : {"a.yaml:1: server_name: is not a server name", "a.yaml:2: max_upload_sise",
                             "a.yaml:3: max_upload_size", "a.yaml:4: listeners: is empty",
                             "auth: is required", "database: is required"})
        CHECK_THAT(text, contains(each));
    CHECK(texts_of(read("").report.mistakes).find("server_name: is required") != std::string::npos);
}

TEST_CASE("files that cannot be read are mistakes", "[configuration]") {
    const test::TempFolder folder;
    CHECK_THAT(texts_of(app::load_configuration({folder.path() / "none.yaml"}).report.mistakes),
               contains("none.yaml: the file cannot be read: No such file or directory"));
    CHECK_THAT(texts_of(app::load_configuration({folder.path()}).report.mistakes), contains("is a folder"));
}

TEST_CASE("reading a configuration makes nothing on the disk", "[configuration]") {
    const test::TempFolder folder;
    const std::filesystem::path file = folder.path() / "c.yaml";
    std::ofstream(file) << minimal << "media_store_path: " << (folder.path() / "store").string() << "\n";
    CHECK(app::load_configuration({file}).configuration);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                        std::filesystem::directory_iterator()) == 1);
}

}  // namespace
