#include "sections.hpp"
#include "synapse_keys.hpp"
#include "values.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace mxcd::app {

namespace {

/// sockaddr_un::sun_path without its final NUL.
constexpr std::size_t max_socket_path = 107;

struct ResourceName {
    std::string_view name;
    http::ResourceMask mask;
};

constexpr std::array own_resources{
    ResourceName{"media", api::resource_media}, ResourceName{"federation", api::resource_federation},
    ResourceName{"admin", api::resource_admin}, ResourceName{"metrics", api::resource_metrics},
    ResourceName{"health", api::resource_health}};

/// In Synapse `client` and `federation` imply `media`; the others have nothing to do with media.
constexpr std::array synapse_resources{
    ResourceName{"client", api::resource_media},
    ResourceName{"federation", api::resource_federation | api::resource_media},
    ResourceName{"media", api::resource_media},
    ResourceName{"admin", api::resource_admin},
    ResourceName{"metrics", api::resource_metrics},
    ResourceName{"health", api::resource_health},
    ResourceName{"consent", 0},
    ResourceName{"keys", 0},
    ResourceName{"openid", 0},
    ResourceName{"replication", 0},
    ResourceName{"static", 0}};

bool is_address(const std::string& text) {
    in6_addr ignored{};
    return inet_pton(AF_INET, text.c_str(), &ignored) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

template <class Resources>
http::ResourceMask resource_mask(Section& section, std::string_view key, const std::string& name,
                                 const Resources& resources) {
    std::vector<std::string> names;
    for (const ResourceName& resource : resources) {
        if (resource.name == name) return resource.mask;
        names.emplace_back(resource.name);
    }
    section.fail_choice(key, name, names);
    return 0;
}

http::ResourceMask read_synapse_resources(Section& listener) {
    std::optional<std::vector<Section>> entries = listener.children("resources");
    http::ResourceMask mask = 0;
    for (Section& entry : *entries) {
        std::vector<std::string> names;
        bool compress = false;
        entry.require("names");
        entry.read("names", names);
        if (entry.read("compress", compress) && compress) entry.warn("compress", "mxcd does not compress");
        for (const std::string& name : names) mask |= resource_mask(entry, "names", name, synapse_resources);
        entry.finish();
    }
    if (mask == 0) listener.warn("resources", "nothing of this listener is for mxcd");
    return mask;
}

http::ResourceMask read_resources(Section& listener) {
    const Node* node = listener.find("resources");
    if (node == nullptr) {
        listener.require("resources");
        return 0;
    }
    const bool is_synapse_form = node->kind == Node::Kind::sequence && !node->items.empty() &&
                                 node->items.front().kind == Node::Kind::mapping;
    if (is_synapse_form) return read_synapse_resources(listener);
    std::vector<std::string> names;
    if (!listener.read("resources", names)) return 0;
    if (names.empty()) listener.fail("resources", "is empty");
    http::ResourceMask mask = 0;
    for (const std::string& name : names) mask |= resource_mask(listener, "resources", name, own_resources);
    return mask;
}

/// What Synapse's listeners say and mxcd's need not.
void read_synapse_listener_keys(Section& listener) {
    std::string type = "http";
    if (listener.read("type", type) && type != "http")
        listener.fail("type", "mxcd has listeners of type http only");
    bool tls = false;
    if (listener.read("tls", tls) && tls)
        listener.fail("tls", "mxcd speaks plain HTTP; the reverse proxy ends TLS");
}

std::vector<std::string> read_addresses(Section& listener) {
    std::vector<std::string> addresses{"127.0.0.1"};
    listener.read("bind_addresses", addresses);
    std::string address;
    if (listener.read("bind_address", address)) {
        if (listener.find("bind_addresses") == nullptr) addresses.clear();
        addresses.push_back(address);
    }
    if (addresses.empty()) listener.fail("bind_addresses", "is empty");
    for (const std::string& each : addresses) {
        if (!is_address(each)) listener.fail("bind_addresses", "expected IPv4 or IPv6 addresses, not names");
    }
    return addresses;
}

std::uint32_t read_mode(Section& listener, std::uint32_t fallback) {
    const Node* node = listener.find("mode");
    if (node == nullptr) return fallback;
    const std::optional<std::uint32_t> mode =
        node->kind == Node::Kind::scalar ? parse_mode(node->text) : std::nullopt;
    if (!mode) listener.fail("mode", "expected octal digits such as 660");
    return mode.value_or(fallback);
}

std::vector<http::ListenerConfig> read_listener(Section& listener) {
    http::ListenerConfig common;
    read_synapse_listener_keys(listener);
    listener.read("x_forwarded", common.x_forwarded);
    common.resources = read_resources(listener);
    std::int64_t port = 0;
    const bool has_port = listener.read("port", port, Range{0, 65535});
    const bool has_path = listener.read("path", common.path);
    common.mode = read_mode(listener, common.mode);
    const std::vector<std::string> addresses = read_addresses(listener);
    if (listener.find("port") != nullptr && listener.find("path") != nullptr)
        listener.fail("path", "is given beside port; give one of them");
    if (listener.find("port") == nullptr && listener.find("path") == nullptr) listener.require("port");
    if (has_path && (common.path.empty() || common.path.size() > max_socket_path))
        listener.fail("path", "a socket's path has 1 to 107 bytes");
    listener.finish(&is_unused_synapse_listener_key);
    if (has_path) return {common};
    if (!has_port) return {};
    std::vector<http::ListenerConfig> each;
    for (const std::string& address : addresses) {
        common.address = address;
        common.port = static_cast<std::uint16_t>(port);
        each.push_back(common);
    }
    return each;
}

bool is_same_place(const http::ListenerConfig& left, const http::ListenerConfig& right) {
    if (!left.path.empty() || !right.path.empty()) return left.path == right.path;
    return left.port != 0 && left.port == right.port && left.address == right.address;
}

void read_trusted_proxies(Section& root, std::vector<std::string>& proxies) {
    if (!root.read("trusted_proxies", proxies)) return;
    for (const std::string& proxy : proxies) {
        if (!http::is_address_block(proxy))
            root.fail("trusted_proxies", "expected addresses or blocks such as 10.0.0.0/8");
    }
}

void warn_about_federation(Section& root, Section& listener, http::ResourceMask resources) {
    if ((resources & api::resource_federation) == 0) return;
    listener.warn("resources", "the federation routes are not in this version yet");
    const bool has_key =
        root.node().find("signing_key_path") != nullptr || root.node().find("signing_key") != nullptr;
    if (!has_key)
        listener.warn("resources", "federation without a signing key: signing_key_path is not given");
}

}  // namespace

void read_listeners(Section& root, http::ServerConfig& server) {
    read_trusted_proxies(root, server.trusted_proxies);
    root.require("listeners");
    std::optional<std::vector<Section>> listeners = root.children("listeners");
    if (!listeners) return;
    if (root.find("listeners")->items.empty()) root.fail("listeners", "is empty; at least one is needed");
    for (Section& listener : *listeners) {
        std::vector<http::ListenerConfig> places = read_listener(listener);
        if (!places.empty()) warn_about_federation(root, listener, places.front().resources);
        for (http::ListenerConfig& next : places) {
            const auto is_same = [&next](const http::ListenerConfig& other) {
                return is_same_place(next, other);
            };
            if (std::any_of(server.listeners.begin(), server.listeners.end(), is_same))
                listener.fail(next.path.empty() ? "port" : "path", "another listener is there already");
            server.listeners.push_back(std::move(next));
        }
    }
}

}  // namespace mxcd::app
