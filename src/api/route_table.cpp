#include "route_table.hpp"

#include "mxcd/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace mxcd::api {

namespace {

constexpr std::size_t most_segments = 10;

constexpr std::array<std::string_view, 3> media_prefixes{"/_matrix/client/v1/media/", "/_matrix/media/",
                                                         "/_matrix/federation/v1/media/"};

constexpr std::string_view admin_prefix = "/_synapse/admin/v1/";

bool is_offered(const Route& route, const Offer& offer) {
    if ((route.resources & offer.resources) == 0) return false;
    return route.experiment == 0 || (route.experiment & offer.experiments) != 0;
}

struct Segments {
    std::array<std::string_view, most_segments> all;
    std::size_t count = 0;
    bool is_encoded = false;  // some of it

    [[nodiscard]] std::span<const std::string_view> view() const { return std::span(all).first(count); }
};

/// Nothing for a path that is longer than any route, or does not begin with '/'.
std::optional<Segments> split(std::string_view path) {
    if (!path.starts_with('/')) return std::nullopt;
    Segments segments;
    segments.is_encoded = path.find('%') != std::string_view::npos;
    while (!path.empty()) {
        if (segments.count == most_segments) return std::nullopt;
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        segments.all.at(segments.count++) = path.substr(0, end);
        path.remove_prefix(end);
    }
    return segments;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

bool is_literal(std::string_view segment, std::string_view literal, bool is_encoded) {
    if (segment == literal) return true;
    return is_encoded && base::percent_decode(segment, base::PlusSign::literal) == literal;
}

std::optional<PathParameters> fit(std::span<const std::string_view> pattern, const Segments& path) {
    const std::span<const std::string_view> segments = path.view();
    if (pattern.size() != segments.size() || segments.back().empty()) return std::nullopt;
    // From behind: most routes begin alike.
    for (std::size_t i = pattern.size(); i-- > 0;)
        if (!is_parameter(pattern[i]) && !is_literal(segments[i], pattern[i], path.is_encoded))
            return std::nullopt;
    PathParameters parameters;
    for (std::size_t i = 0; i < pattern.size(); ++i)
        if (is_parameter(pattern[i])) parameters.add(segments[i]);
    return parameters;
}

bool answers(std::string_view route_method, std::string_view method) {
    return route_method == method || (route_method == "GET" && method == "HEAD");
}

void add_allowed(std::string_view method, std::string& allow) {
    if (!allow.empty()) allow += ", ";
    allow += method == "GET" ? "GET, HEAD" : method;
}

}  // namespace

RouteTable::RouteTable(std::span<const Route> routes) {
    for (const Route& route : routes) {
        const std::optional<Segments> segments = split(route.pattern);
        const std::span<const std::string_view> all = segments.value().view();
        entries_.push_back({&route, {all.begin(), all.end()}});
    }
}

RouteMatch RouteTable::match(std::string_view path, std::string_view method, Offer offer) const {
    RouteMatch match;
    const std::optional<Segments> segments = split(path);
    if (!segments) return match;
    for (const Entry& entry : entries_) {
        if (entry.segments.size() != segments->count || !is_offered(*entry.route, offer)) continue;
        const std::optional<PathParameters> parameters = fit(entry.segments, *segments);
        if (!parameters) continue;
        match.known_path = entry.route;
        if (answers(entry.route->method, method)) {
            match.route = entry.route;
            match.parameters = *parameters;
            return match;
        }
        add_allowed(entry.route->method, match.allow);
    }
    if (match.known_path != nullptr && is_matrix_path(path, offer.resources))
        add_allowed("OPTIONS", match.allow);
    return match;
}

bool is_matrix_path(std::string_view path, http::ResourceMask resources) {
    if ((resources & resource_admin) != 0 && path.starts_with(admin_prefix)) return true;
    if ((resources & (resource_media | resource_federation)) == 0) return false;
    return std::ranges::any_of(media_prefixes,
                               [path](std::string_view prefix) { return path.starts_with(prefix); });
}

}  // namespace mxcd::api
