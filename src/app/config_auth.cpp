#include "mxcd/base/ascii.hpp"

#include "sections.hpp"
#include "values.hpp"

#include <algorithm>

namespace mxcd::app {

namespace {

std::string read_base_url(Section& section, std::string_view key) {
    std::string url;
    if (!section.read(key, url)) return "";
    if (!is_base_url(url)) section.fail(key, "expected a URL that begins with http:// or https://");
    while (url.ends_with('/')) url.pop_back();
    return url;
}

std::optional<matrix::UserId> read_user(Section& section, std::string_view key) {
    std::string text;
    section.require(key);
    if (!section.read(key, text)) return std::nullopt;
    std::optional<matrix::UserId> user = matrix::UserId::parse(text);
    if (!user) section.fail(key, "expected a user ID such as @alice:example.org");
    return user;
}

/// A secret that travels in a header.
bool read_token(Section& section, const std::string& key, base::Secret& into) {
    if (!section.read_secret(key, into)) return false;
    const std::string_view text = into.reveal();
    if (base::is_visible_ascii(text)) return true;
    section.fail(key, "holds a space, a line break or another character that no token has");
    return false;
}

std::optional<remote::IntrospectionConfig> read_introspection(Section& auth) {
    std::optional<Section> section = auth.child("introspection");
    if (!section) return std::nullopt;
    remote::IntrospectionConfig introspection;
    section->require("endpoint");
    if (section->read("endpoint", introspection.endpoint) && !is_http_url(introspection.endpoint))
        section->fail("endpoint", "expected a URL that begins with http:// or https://");
    section->read("client_id", introspection.client_id);
    if (!read_token(*section, "client_secret", introspection.client_secret) &&
        section->find("client_secret") == nullptr && section->find("client_secret_path") == nullptr)
        section->fail("client_secret", "is required, or client_secret_path");
    section->finish();
    return introspection;
}

std::vector<remote::StaticToken> read_static_tokens(Section& auth) {
    std::vector<remote::StaticToken> tokens;
    std::optional<std::vector<Section>> entries = auth.children("static_tokens");
    if (!entries) return tokens;
    for (Section& entry : *entries) {
        base::Secret token;
        const bool has_token = read_token(entry, "token", token);
        if (!has_token && entry.find("token") == nullptr && entry.find("token_path") == nullptr)
            entry.fail("token", "is required, or token_path");
        const std::optional<matrix::UserId> user = read_user(entry, "user_id");
        bool is_guest = false;
        bool is_admin = false;
        entry.read("guest", is_guest);
        entry.read("admin", is_admin);
        entry.finish();
        const auto is_same = [&token](const remote::StaticToken& other) {
            return other.token.reveal() == token.reveal();
        };
        if (has_token && std::ranges::any_of(tokens, is_same))
            entry.fail("token", "another entry has this token already");
        if (has_token && user) tokens.push_back({std::move(token), *user, is_guest, is_admin});
    }
    return tokens;
}

}  // namespace

std::vector<matrix::UserId> read_users(Section& section, std::string_view key) {
    std::vector<std::string> texts;
    std::vector<matrix::UserId> users;
    section.read(key, texts);
    for (const std::string& text : texts) {
        std::optional<matrix::UserId> user = matrix::UserId::parse(text);
        if (user) {
            users.push_back(*std::move(user));
        } else {
            section.fail(key, "expected user IDs such as @alice:example.org");
        }
    }
    return users;
}

void read_auth(Section& root, remote::AuthConfig& auth) {
    root.require("auth");
    std::optional<Section> section = root.child("auth");
    if (!section) return;
    auth.homeserver_url = read_base_url(*section, "homeserver_url");
    section->read("cache_ttl", auth.cache_ttl, Range{0, any_duration.most});
    auth.introspection = read_introspection(*section);
    auth.static_tokens = read_static_tokens(*section);
    auth.admins = read_users(*section, "admins");
    read_token(*section, "admin_token", auth.admin_token);
    const bool has_homeserver = section->find("homeserver_url") != nullptr;
    if (auth.introspection && !has_homeserver)
        section->fail("introspection", "needs homeserver_url beside it");
    if (!auth.admin_token.empty() && !has_homeserver)
        section->fail("admin_token", "needs homeserver_url beside it");
    if (!has_homeserver && section->find("introspection") == nullptr &&
        section->find("static_tokens") == nullptr)
        section->fail("homeserver_url", "is required, unless static_tokens are given");
    section->finish();
}

}  // namespace mxcd::app
