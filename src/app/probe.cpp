#include "probe.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/outbound/client.hpp"

#include "control_socket.hpp"
#include "task_loop.hpp"
#include "values.hpp"

#include <cstdio>
#include <memory>

namespace mxcd::app {

namespace {

constexpr const char* ready_path = "/health/ready";

std::string host_of(const std::string& address) {
    if (address == "0.0.0.0") return "127.0.0.1";
    if (address == "::") return "[::1]";
    return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

}  // namespace

ProbeTarget target_of(const std::string& url) {
    if (url.starts_with("unix:")) return {std::string("http://localhost") + ready_path, url.substr(5)};
    if (!is_http_url(url))
        throw CommandError(ExitCode::usage, "the URL must begin with http://, https:// or unix:");
    const std::size_t path = url.find('/', url.find("://") + 3);
    if (path == std::string::npos) return {url + ready_path, ""};
    if (path + 1 == url.size()) return {url.substr(0, path) + ready_path, ""};
    return {url, ""};
}

ProbeTarget target_of(const Configuration& configuration) {
    for (const http::ListenerConfig& listener : configuration.server.listeners) {
        if ((listener.resources & api::resource_health) == 0) continue;
        if (!listener.path.empty()) return {std::string("http://localhost") + ready_path, listener.path};
        // Which port was free only the running service knows.
        if (listener.port == 0)
            return {std::string("http://localhost") + ready_path,
                    control_socket_path(configuration.store.path)};
        return {"http://" + host_of(listener.address) + ":" + std::to_string(listener.port) + ready_path, ""};
    }
    throw CommandError(ExitCode::configuration, "no listener has health among its resources");
}

ExitCode probe(const ProbeTarget& target) {
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    TaskLoop loop;
    const std::unique_ptr<outbound::Client> client = outbound::make_client({}, *metrics);
    outbound::OutboundRequest request;
    request.url = target.url;
    request.unix_socket = target.unix_socket;
    request.deadline = std::chrono::milliseconds(5000);
    request.reach = outbound::Reach::operator_configured;
    try {
        const outbound::OutboundResponse answer = loop.run(client->send(std::move(request)));
        if (answer.status == 200) return ExitCode::ok;
        std::fprintf(stderr, "mxcd: not ready (status %d)\n", answer.status);
    } catch (const base::UpstreamError& failure) {
        std::fprintf(stderr, "mxcd: not reachable: %s\n", failure.what());
    }
    return ExitCode::unavailable;
}

}  // namespace mxcd::app
