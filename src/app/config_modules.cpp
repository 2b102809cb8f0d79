#include "sections.hpp"
#include "values.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace mxcd::app {

namespace {

constexpr std::array<std::string_view, 4> kinds{"builtin", "webhook", "library", "module"};

const std::vector<std::string>& callback_names() {
    static const std::vector<std::string> names{"get_media_config_for_user",
                                                "is_user_allowed_to_upload_media_of_size",
                                                "get_media_upload_limits_for_user",
                                                "on_media_upload_limit_exceeded",
                                                "check_media_file",
                                                "on_media_uploaded",
                                                "on_media_deleted"};
    return names;
}

void read_text(Section& section, std::string_view key, std::optional<std::string>& into) {
    std::string text;
    if (section.read(key, text)) into = std::move(text);
}

modules::UserTier read_tier(Section& rule, base::ByteCount max_upload_size) {
    modules::UserTier tier;
    read_text(rule, "user", tier.user);
    read_text(rule, "user_regex", tier.user_regex);
    read_text(rule, "server", tier.server);
    if (tier.user_regex && !modules::is_valid_regex(*tier.user_regex))
        rule.fail("user_regex", "is not a regular expression");
    base::ByteCount size;
    if (rule.read("max_upload_size", size)) tier.max_upload_size = size;
    tier.media_upload_limits =
        read_upload_limits(rule, std::min(max_upload_size, tier.max_upload_size.value_or(max_upload_size)));
    if (const std::optional<Section> config = rule.child("config")) tier.config = to_json(config->node());
    rule.finish();
    return tier;
}

modules::UserTiersConfig read_user_tiers(Section& section, base::ByteCount max_upload_size) {
    modules::UserTiersConfig config{{}, max_upload_size};
    section.require("rules");
    std::optional<std::vector<Section>> rules = section.children("rules");
    if (!rules) return config;
    for (Section& rule : *rules) config.rules.push_back(read_tier(rule, max_upload_size));
    return config;
}

modules::MimePolicyConfig read_mime_policy(Section& section) {
    using Check = modules::MimePolicyConfig::Check;
    modules::MimePolicyConfig config;
    section.read_choice<Check>("check", config.check,
                               {{"declared", Check::declared}, {"sniffed", Check::sniffed}});
    section.read("allow", config.allow);
    section.read("deny", config.deny);
    return config;
}

modules::TotalQuotaConfig read_total_quota(Section& section) {
    modules::TotalQuotaConfig config;
    base::ByteCount size;
    std::int64_t files = 0;
    if (section.read("max_size", size)) config.max_size = size;
    if (section.read("max_files", files, Range{0, any_size.most})) config.max_files = files;
    return config;
}

modules::ClamdConfig read_clamd(Section& section) {
    using Infected = modules::ClamdConfig::Infected;
    modules::ClamdConfig config;
    if (section.read("socket", config.socket) && !modules::is_clamd_address(config.socket))
        section.fail("socket", "expected an absolute path, or an IP address and port as in 127.0.0.1:3310");
    section.read("max_size", config.max_size);
    section.read_choice<Infected>("infected", config.infected,
                                  {{"reject", Infected::reject}, {"quarantine", Infected::quarantine}});
    return config;
}

/// The mapping below `config`, or an empty one; nothing (and reported) when it is no mapping.
std::optional<Section> config_section(Section& entry) {
    static const Node no_config{Node::Kind::mapping, Mark{}, "", false, {}, {}};
    const bool has_config = entry.find("config") != nullptr;
    std::optional<Section> section = entry.child("config");
    if (!section && !has_config)
        section.emplace(no_config, entry.path() + ".config", entry.report(), entry.node().mark);
    return section;
}

std::optional<ModuleConfig::Kind> read_webhook(Section& entry, const std::string& url,
                                               const base::Secret& secret) {
    modules::WebhookConfig config;
    config.url = url;
    if (!is_http_url(url)) entry.fail("webhook", "expected an http or https URL");
    if (entry.find("secret") == nullptr && entry.find("secret_path") == nullptr)
        entry.warn("webhook", "without secret or secret_path its calls are not signed");
    config.secret = secret;
    std::optional<Section> section = config_section(entry);
    if (!section) return std::nullopt;
    section->read("cache_ttl", config.cache_ttl, Range{0, any_duration.most});
    section->finish();
    return config;
}

/// `trust` has been read. The library itself is loaded at start: check-config runs nobody's code.
std::optional<ModuleConfig::Kind> read_library(Section& entry, const std::string& path,
                                               modules::LibraryConfig::Trust trust) {
    modules::LibraryConfig config;
    config.library = path;
    config.trust = trust;
    if (access(path.c_str(), R_OK) != 0)
        entry.fail("library", "the file cannot be read: " + std::generic_category().message(errno));
    const std::optional<Section> section = config_section(entry);
    if (!section) return std::nullopt;
    config.config = to_json_text(section->node());
    return config;
}

/// `package.Class`, each part a Python name.
bool is_class_path(std::string_view text) {
    bool has_dot = false;
    bool is_start = true;
    for (const char c : text) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        const bool is_digit = c >= '0' && c <= '9';
        if (c == '.' && !is_start) {
            has_dot = true;
            is_start = true;
        } else if (is_letter || (is_digit && !is_start)) {
            is_start = false;
        } else {
            return false;
        }
    }
    return has_dot && !is_start;
}

std::optional<ModuleConfig::Kind> read_python_module(Section& entry, const std::string& module) {
    modules::PythonModuleConfig config;
    config.module = module;
    if (!is_class_path(module))
        entry.fail("module", "expected a class with its package: my_package.MyModule");
    const std::optional<Section> section = config_section(entry);
    if (!section) return std::nullopt;
    config.config = to_json_text(section->node());
    return config;
}

modules::LibraryConfig::Trust read_trust(Section& entry) {
    using Trust = modules::LibraryConfig::Trust;
    Trust trust = Trust::none;
    entry.read_choice<Trust>("trust", trust, {{"none", Trust::none}, {"in_process", Trust::in_process}});
    return trust;
}

std::optional<ModuleConfig::Kind> read_builtin(Section& entry, const std::string& name,
                                               base::ByteCount max_upload_size) {
    std::optional<Section> section = config_section(entry);
    if (!section) return std::nullopt;
    std::optional<ModuleConfig::Kind> kind;
    if (name == "user_tiers") kind = read_user_tiers(*section, max_upload_size);
    if (name == "mime_policy") kind = read_mime_policy(*section);
    if (name == "total_quota") kind = read_total_quota(*section);
    if (name == "clamd") kind = read_clamd(*section);
    if (!kind) {
        entry.fail_choice("builtin", name, {"user_tiers", "mime_policy", "total_quota", "clamd"});
        return std::nullopt;
    }
    section->finish();
    return kind;
}

std::optional<std::vector<std::string>> read_callbacks(Section& entry) {
    std::vector<std::string> callbacks;
    if (!entry.read("callbacks", callbacks)) return std::nullopt;
    const std::vector<std::string>& names = callback_names();
    for (const std::string& callback : callbacks) {
        if (std::find(names.begin(), names.end(), callback) == names.end())
            entry.fail_choice("callbacks", callback, names);
    }
    return callbacks;
}

/// The one key that says of what kind a module is; empty (and reported) when there is not exactly one.
std::string read_kind(Section& entry) {
    std::string kind;
    int given = 0;
    for (const std::string_view each : kinds) {
        if (entry.find(each) == nullptr) continue;
        kind = each;
        ++given;
    }
    if (given == 1) return kind;
    entry.report().mistakes.push_back(
        {entry.node().mark, entry.path(), "expected exactly one of builtin, webhook, library, module", ""});
    return "";
}

base::Secret read_signing_secret(Section& entry, std::string_view kind) {
    base::Secret secret;
    entry.read_secret("secret", secret);
    if (kind == "webhook" || kind.empty()) return secret;
    for (const char* const key : {"secret", "secret_path"}) {
        if (entry.find(key) != nullptr) entry.warn(key, "is not used: only webhooks are signed");
    }
    return secret;
}

std::optional<ModuleConfig> read_module(Section& entry, base::ByteCount max_upload_size) {
    ModuleConfig module;
    const std::string kind = read_kind(entry);
    std::string value;
    const bool has_value = !kind.empty() && entry.read(kind, value);
    // What stands behind the path of a webhook's URL may be a secret, and names are in the log and in
    // metrics.
    module.name = kind == "webhook" ? value.substr(0, value.find_first_of("?#")) : value;
    entry.read("name", module.name);
    entry.read("timeout", module.timeout);
    entry.read_choice<media::OnError>("on_error", module.on_error,
                                      {{"deny", media::OnError::deny}, {"allow", media::OnError::allow}});
    module.callbacks = read_callbacks(entry);
    const base::Secret secret = read_signing_secret(entry, kind);
    entry.find("config");
    const modules::LibraryConfig::Trust trust =
        kind == "library" ? read_trust(entry) : modules::LibraryConfig::Trust::none;
    entry.finish();
    if (!has_value) return std::nullopt;
    std::optional<ModuleConfig::Kind> read;
    if (kind == "builtin") {
        read = read_builtin(entry, value, max_upload_size);
    } else if (kind == "webhook") {
        read = read_webhook(entry, value, secret);
    } else if (kind == "library") {
        read = read_library(entry, value, trust);
    } else if (kind == "module") {
        read = read_python_module(entry, value);
    }
    if (!read) return std::nullopt;
    module.kind = *std::move(read);
    return module;
}

}  // namespace

void read_modules(Section& root, Configuration& configuration) {
    std::optional<std::vector<Section>> entries = root.children("modules");
    if (!entries) return;
    for (Section& entry : *entries) {
        std::optional<ModuleConfig> module = read_module(entry, configuration.uploads.max_upload_size);
        if (module) configuration.modules.push_back(*std::move(module));
    }
}

}  // namespace mxcd::app
