#include "configuration.hpp"

#include "decoder.hpp"
#include "sections.hpp"
#include "synapse_keys.hpp"
#include "values.hpp"
#include "yaml_tree.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace mxcd::app {

namespace {

constexpr std::size_t max_file_bytes = 1024 * 1024;
/// With less not even the interpreter and its libraries start.
constexpr std::int64_t least_memory = std::int64_t{256} * 1024 * 1024;

bool is_database_url(std::string_view text) {
    constexpr std::array<std::string_view, 3> forms{"postgresql://", "postgres://", "sqlite:///"};
    return std::ranges::any_of(forms, [text](std::string_view form) { return text.starts_with(form); });
}

/// Stands in for a missing or broken name, so that reading goes on to the other mistakes.
matrix::ServerName placeholder() { return matrix::ServerName::parse("localhost").value(); }

matrix::ServerName read_server_name(Section& root) {
    root.require("server_name");
    std::string text;
    if (!root.read("server_name", text)) return placeholder();
    std::optional<matrix::ServerName> name = matrix::ServerName::parse(text);
    if (!name) {
        root.fail("server_name", "is not a server name: a host name or address, perhaps with a port");
        return placeholder();
    }
    return *std::move(name);
}

std::string read_public_baseurl(Section& root, const matrix::ServerName& server_name) {
    std::string url = "https://" + server_name.text() + "/";
    if (!root.read("public_baseurl", url)) return url;
    if (!is_base_url(url)) root.fail("public_baseurl", "expected a URL that begins with http:// or https://");
    if (!url.ends_with('/')) url += '/';
    return url;
}

void read_desk(Section& root, api::DeskConfig& desk) {
    desk.public_baseurl = read_public_baseurl(root, desk.server_name);
    root.read("access_token_in_query", desk.access_token_in_query);
    root.read_choice<api::LimitExceededResponse>(
        "limit_exceeded_response", desk.limit_exceeded_response,
        {{"user_limit", api::LimitExceededResponse::user_limit},
         {"synapse_legacy", api::LimitExceededResponse::synapse_legacy}});
}

void read_experiments(Section& root, api::ExperimentMask& experiments) {
    std::optional<Section> section = root.child("experimental_features");
    if (!section) return;
    const auto read = [&section, &experiments](std::string_view key, api::Experiment experiment) {
        bool is_on = false;
        section->read(key, is_on);
        if (is_on) experiments |= experiment;
    };
    read("msc2278_enabled", api::msc2278);
    read("msc2448_enabled", api::msc2448);
    read("msc4322_enabled", api::msc4322);
    read("msc4425_enabled", api::msc4425);
    section->finish(&is_unused_synapse_experiment);
}

void read_log(Section& root, base::LogConfig& log) {
    std::optional<Section> section = root.child("log");
    if (!section) return;
    section->read_choice<base::LogLevel>("level", log.level,
                                         {{"debug", base::LogLevel::debug},
                                          {"info", base::LogLevel::info},
                                          {"warn", base::LogLevel::warn},
                                          {"error", base::LogLevel::error},
                                          {"off", base::LogLevel::off}});
    section->read_choice<base::LogFormat>("format", log.format,
                                          {{"json", base::LogFormat::json}, {"text", base::LogFormat::text}});
    section->finish();
}

void read_python(Section& root, modules::PythonConfig& python) {
    std::optional<Section> section = root.child("python");
    if (!section) return;
    section->read("interpreter", python.interpreter);
    section->read("path", python.path);
    // A secret, because a password may be in it.
    base::Secret database;
    if (section->read_secret("synapse_database", database)) {
        python.synapse_database = database.reveal();
        if (!is_database_url(python.synapse_database))
            section->fail("synapse_database", "expected postgresql://... or sqlite:///path/to/homeserver.db");
    }
    section->read("synapse_database_writable", python.synapse_database_writable);
    section->read("memory_limit", python.memory_limit, Range{least_memory, any_size.most});
    section->finish();
}

Configuration decode(const Node& tree, Report& report) {
    Section root(tree, "", report);
    Configuration configuration(read_server_name(root));
    read_desk(root, configuration.desk);
    read_listeners(root, configuration.server);
    read_auth(root, configuration.auth);
    configuration.auth.server_name = configuration.desk.server_name.text();
    read_storage(root, configuration);
    read_upload_rules(root, configuration);
    read_thumbnails(root, configuration);
    read_modules(root, configuration);
    read_experiments(root, configuration.desk.experiments);
    read_log(root, configuration.log);
    read_python(root, configuration.python);
    root.finish(&is_unused_synapse_key);
    return configuration;
}

std::optional<std::string> read_text(const std::filesystem::path& file, Report& report) {
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) {
        report.mistakes.push_back({{file.string(), 0}, "", "is a folder, not a file", ""});
        return std::nullopt;
    }
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    std::string text;
    // One byte more than allowed, so that a larger file is told apart.
    while (stream && text.size() <= max_file_bytes) {
        char piece[4096];
        stream.read(piece, sizeof piece);
        text.append(piece, static_cast<std::size_t>(stream.gcount()));
    }
    if (!stream.is_open() || stream.bad()) {
        const std::string reason = std::generic_category().message(errno == 0 ? EIO : errno);
        report.mistakes.push_back({{file.string(), 0}, "", "the file cannot be read: " + reason, ""});
        return std::nullopt;
    }
    return text;
}

LoadOutcome finish(std::optional<Node> tree, Report report) {
    LoadOutcome outcome{std::nullopt, std::move(report)};
    if (!tree) return outcome;
    Configuration configuration = decode(*tree, outcome.report);
    if (outcome.report.mistakes.empty()) outcome.configuration = std::move(configuration);
    return outcome;
}

/// Adds a text to the tree; false when it cannot be read at all.
bool add_text(const ConfigurationText& text, std::optional<Node>& tree, Report& report) {
    std::optional<Node> next = parse_yaml(text.text, text.file, report);
    if (!next) return false;
    if (next->kind != Node::Kind::mapping) {
        report.mistakes.push_back(
            {next->mark, "", "expected a mapping of keys, found " + std::string(next->description()), ""});
        return false;
    }
    if (tree) {
        merge(*tree, *std::move(next));
    } else {
        tree = std::move(next);
    }
    return true;
}

}  // namespace

Configuration::Configuration(matrix::ServerName server_name) : desk{std::move(server_name), ""} {
    server.trusted_proxies = {"127.0.0.0/8", "::1"};
}

LoadOutcome read_configuration(const std::vector<ConfigurationText>& texts) {
    Report report;
    std::optional<Node> tree;
    for (const ConfigurationText& text : texts) {
        // A file that is no YAML would only make its keys look forgotten.
        if (!add_text(text, tree, report)) return finish(std::nullopt, std::move(report));
    }
    if (!tree) tree = Node{Node::Kind::mapping, Mark{}, "", false, {}, {}};
    return finish(std::move(tree), std::move(report));
}

LoadOutcome load_configuration(const std::vector<std::filesystem::path>& files) {
    Report report;
    std::vector<ConfigurationText> texts;
    for (const std::filesystem::path& file : files) {
        std::optional<std::string> text = read_text(file, report);
        if (text) texts.push_back({file.string(), *std::move(text)});
    }
    if (!report.mistakes.empty()) return finish(std::nullopt, std::move(report));
    LoadOutcome outcome = read_configuration(texts);
    if (geteuid() == 0)
        outcome.report.warnings.push_back({Mark{}, "", "mxcd runs as root; give it a user of its own", ""});
    return outcome;
}

}  // namespace mxcd::app
