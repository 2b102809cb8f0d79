#include "access_record.hpp"

#include "mxcd/base/log.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace mxcd::http {

namespace {

constexpr base::Logger logger("http");

constexpr std::array<std::string_view, 7> methods{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "other"};
constexpr std::array<const char*, 5> classes{"1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array<const char*, 7> reasons{"malformed",        "repeated_authorization", "header_timeout",
                                             "header_too_large", "expectation_failed",     "method_refused",
                                             "overloaded"};
/// Far more than there are routes; only a mistake of the desk's can reach it.
constexpr std::size_t max_routes = 256;
/// As many as a round of the ready queue brings under load; more would fill the cache.
constexpr std::size_t most_untold = 32;

std::size_t method_index(std::string_view method) {
    const auto known = methods.end() - 1;
    return static_cast<std::size_t>(std::find(methods.begin(), known, method) - methods.begin());
}

}  // namespace

AccessRecord::AccessRecord(base::Metrics& metrics)
    : metrics_(metrics),
      connections_(metrics.gauge("mxcd_http_connections", "Open client connections")),
      body_in_(metrics.counter("mxcd_http_body_bytes_total", "Bytes of bodies", {{"direction", "in"}})),
      body_out_(metrics.counter("mxcd_http_body_bytes_total", "Bytes of bodies", {{"direction", "out"}})) {
    untold_.reserve(most_untold);
    for (std::size_t i = 0; i < reasons.size(); ++i)
        refusals_.at(i) = &metrics.counter("mxcd_http_refusals_total", "Requests that the door turned away",
                                           {{"reason", reasons.at(i)}});
}

AccessRecord::Route& AccessRecord::route_of(std::string_view name) {
    // Routes are constant strings, so the pointer is the identity.
    for (Route& route : routes_)
        if (route.name == name.data()) return route;
    if (routes_.size() == max_routes) return routes_.back();
    Route& route = routes_.emplace_back();
    route.name = name.data();
    route.duration = &metrics_.histogram("mxcd_http_request_duration_seconds", "From header to answer",
                                         base::duration_buckets(), {{"route", std::string(name)}});
    return route;
}

void AccessRecord::count(const Access& access) {
    Route& route = route_of(access.route);
    const std::size_t method = method_index(access.method);
    const auto status_class = static_cast<std::size_t>(std::clamp(access.status / 100, 1, 5) - 1);
    base::Counter*& requests = route.requests.at(method * class_count + status_class);
    if (requests == nullptr)
        requests = &metrics_.counter("mxcd_http_requests_total", "Answered requests",
                                     {{"route", std::string(access.route)},
                                      {"method", std::string(methods.at(method))},
                                      {"status", classes.at(status_class)}});
    requests->add();
    route.duration->observe(std::chrono::duration<double>(access.duration).count());
    if (access.bytes_in != 0) body_in_.add(static_cast<double>(access.bytes_in));
    if (access.bytes_out != 0) body_out_.add(static_cast<double>(access.bytes_out));
}

void AccessRecord::served(Access&& access) {
    untold_.push_back(std::move(access));
    if (untold_.size() == most_untold) tell_served();
}

void AccessRecord::tell_served() {
    if (untold_.empty()) return;
    const base::LogGathering gathering;
    for (const Access& access : untold_) {
        try {
            count(access);
        } catch (const std::bad_alloc&) {
            // A first one of its kind without memory for its counter: no reason to end an io thread.
        }
        write_line(access);
    }
    untold_.clear();
}

void AccessRecord::write_line(const Access& access) {
    const std::initializer_list<base::LogField> fields{
        {"method", std::string_view(access.method)},
        {"route", access.route},
        {"status", std::int64_t{access.status}},
        {"bytes_in", access.bytes_in},
        {"bytes_out", access.bytes_out},
        {"duration_ms", std::chrono::floor<std::chrono::microseconds>(access.duration)},
        {"request_id", std::string_view(access.request_id)},
        {"client", std::string_view(access.client)}};
    // A browser sends one before each upload: too many, and they say nothing.
    if (access.method == "OPTIONS")
        logger.debug("request", fields);
    else
        logger.info("request", fields);
}

void AccessRecord::refused(Refusal reason, const Access& access) {
    const auto index = static_cast<std::size_t>(reason);
    refusals_.at(index)->add();
    logger.info("request refused", {{"reason", std::string_view(reasons.at(index))},
                                    {"status", std::int64_t{access.status}},
                                    {"request_id", std::string_view(access.request_id)},
                                    {"client", std::string_view(access.client)}});
}

}  // namespace mxcd::http
