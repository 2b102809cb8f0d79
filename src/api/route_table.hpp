#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/http/request.hpp"
#include "mxcd/http/response.hpp"

#include "call.hpp"
#include "request_rates.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mxcd::api {

struct Endpoints;

/// Whom a route answers.
enum class Access : std::uint8_t {
    open,
    user,
    user_or_guest,
    writer,  // a user who is not suspended: for routes that put media in
    admin,
};

/// What every answer of a route carries besides CORS, errors, 304 and 206 included.
enum class Protection : std::uint8_t {
    none,
    content,  // the security headers for what users uploaded
};

using Answer = async::Task<http::Response> (*)(Endpoints& endpoints, const Call& call);

/// One line of the route table. All text is constant.
struct Route {
    std::string_view method;   // GET answers HEAD, too
    std::string_view pattern;  // `{name}` is one segment; also the route's name in log and metrics
    http::ResourceMask resources = 0;
    Access access = Access::user;
    Protection protection = Protection::none;
    Answer answer = nullptr;
    Rate rate = Rate::unlimited;
    ExperimentMask experiment = 0;  // nothing: always there
};

/// What a listener and the configuration let be asked for.
struct Offer {
    http::ResourceMask resources = 0;
    ExperimentMask experiments = 0;
};

struct RouteMatch {
    const Route* route = nullptr;       // nothing: 404, or 405 when `known_path` is set
    const Route* known_path = nullptr;  // some route of that path
    PathParameters parameters;
    std::string allow;  // the methods of a known path that has not this one
};

/// Finds the route of a request. The raw path is split on '/', then segments are compared decoded, so `%2F`
/// never makes a segment; a path that ends with '/' fits nothing. Spec: reference 1.0, "Percent-decoding".
class RouteTable {
  public:
    /// `routes` must outlive the table.
    explicit RouteTable(std::span<const Route> routes);

    [[nodiscard]] RouteMatch match(std::string_view path, std::string_view method, Offer offer) const;

  private:
    struct Entry {
        const Route* route;
        std::vector<std::string_view> segments;
    };
    std::vector<Entry> entries_;
};

/// Whether a path is one that browsers ask for with a token, known or not: below the prefixes that reverse
/// proxies send to a media repository, or the admin's. Those answer OPTIONS.
[[nodiscard]] bool is_matrix_path(std::string_view path, http::ResourceMask resources);

}  // namespace mxcd::api
