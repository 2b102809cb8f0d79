#include "mxcd/api/api.hpp"

#include "mxcd/base/snapshot.hpp"

#include "access.hpp"
#include "endpoints.hpp"
#include "error_response.hpp"
#include "limit_link.hpp"
#include "request_rates.hpp"
#include "response_headers.hpp"
#include "route_table.hpp"

#include <exception>
#include <utility>

namespace mxcd::api {

namespace {

constexpr std::string_view preflight_route = "preflight";

class Desk final : public Api {
  public:
    Desk(DeskConfig config, ApiDependencies dependencies)
        : config_(std::move(config)),
          links_(std::move(dependencies.link_key), dependencies.clock),
          errors_(headers_, links_, dependencies.clock, dependencies.metrics),
          access_(dependencies.authenticator, dependencies.metrics),
          rates_(dependencies.clock, dependencies.metrics),
          finder_(dependencies.downloads, dependencies.arrivals),
          endpoints_{UploadEndpoints(dependencies.uploads, dependencies.thumbnails, headers_),
                     DownloadEndpoints(finder_),
                     ThumbnailEndpoints(dependencies.thumbnails, finder_),
                     DeletionEndpoints(dependencies.moderation, headers_),
                     AdminEndpoints(dependencies.moderation, dependencies.thumbnails, headers_),
                     ConfigEndpoints(dependencies.uploads, headers_),
                     UsageEndpoints(dependencies.usage, headers_),
                     LimitPage(links_, dependencies.clock, dependencies.metrics),
                     OfferedFileEndpoints(dependencies.offers),
                     OperationsEndpoints(std::move(dependencies.operations), dependencies.background, errors_,
                                         headers_)},
          routes_(route_table()) {}

    /// The binding order of checks: route, OPTIONS, authentication, account, rate; parameters, look-up,
    /// conditions, range and body are the endpoint's. All in one task: each further one would cost every
    /// request.
    async::Task<http::Response> answer(http::Request& request) override {
        const std::shared_ptr<const DeskConfig> config = config_.get();
        const RouteMatch match =
            routes_.match(request.path, request.method, {request.resources, config->experiments});
        name_route(request, match);
        http::Response response;
        std::exception_ptr failure;
        try {
            if (is_preflight(request)) {
                response = headers_.preflight();
            } else {
                if (match.route == nullptr) refuse_unrouted(request, match);
                Call call{request, *config, match.parameters};
                if (match.route->access != Access::open) {
                    media::Credentials credentials = read_credentials(request, query_token_use(*config));
                    call.caller = access_.recall(credentials);
                    if (!call.caller) call.caller = co_await access_.authenticate(std::move(credentials));
                    access_.require_admitted(*call.caller, match.route->access);
                    rates_.require_allowed(match.route->rate, call.user(), *config);
                }
                response = co_await match.route->answer(endpoints_, call);
            }
        } catch (...) {
            failure = std::current_exception();
        }
        if (failure) response = errors_.render(failure, {request.request_id, request.route, *config});
        const Protection protection =
            match.known_path == nullptr ? Protection::none : match.known_path->protection;
        headers_.complete(response, request.request_id, protection);
        co_return response;
    }

    http::Response refuse(http::Refusal reason, std::string_view request_id) override {
        http::Response response = errors_.render(reason);
        // The route is not known: it may have been one whose every answer is protected.
        headers_.complete(response, request_id, Protection::content);
        return response;
    }

    void reconfigure(DeskConfig config) override { config_.replace(std::move(config)); }

  private:
    static bool is_preflight(const http::Request& request) {
        return request.method == "OPTIONS" && is_matrix_path(request.path, request.resources);
    }

    static void name_route(http::Request& request, const RouteMatch& match) {
        if (is_preflight(request))
            request.route = preflight_route;
        else if (match.known_path != nullptr)
            request.route = match.known_path->pattern;
    }

    static QueryToken query_token_use(const DeskConfig& config) {
        return config.access_token_in_query ? QueryToken::accepted : QueryToken::refused;
    }

    [[noreturn]] static void refuse_unrouted(const http::Request& request, const RouteMatch& match) {
        constexpr const char* text = "Unrecognized request";
        if (match.known_path == nullptr || request.method == "OPTIONS")
            throw matrix::Error(matrix::ErrorCode::unrecognized, text);
        http::HeaderBlock fields;
        fields.add("Allow", match.allow);
        throw ErrorWithHeaders(matrix::Error(matrix::ErrorCode::method_not_allowed, text), std::move(fields));
    }

    base::Snapshot<DeskConfig> config_;
    ResponseHeaders headers_;
    LimitLinks links_;
    ErrorResponses errors_;
    ClientAccess access_;
    RequestRates rates_;
    MediaFinder finder_;
    Endpoints endpoints_;
    RouteTable routes_;
};

}  // namespace

std::unique_ptr<Api> make_api(DeskConfig config, ApiDependencies dependencies) {
    return std::make_unique<Desk>(std::move(config), std::move(dependencies));
}

}  // namespace mxcd::api
