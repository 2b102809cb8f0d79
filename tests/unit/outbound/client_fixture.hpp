#pragma once

#include "mxcd/base/errors.hpp"
#include "mxcd/outbound/client.hpp"

#include "support/catch.hpp"
#include "support/memory_metrics.hpp"
#include "support/run_task.hpp"
#include "support/stub_server.hpp"

#include <memory>
#include <string>
#include <utility>

namespace mxcd::outbound {

/// A client, and an io thread to use it from.
struct ClientFixture {
    explicit ClientFixture(const ClientConfig& config = {}) : client(make_client(config, metrics)) {}

    OutboundResponse send(OutboundRequest request) { return runner.run(client->send(std::move(request))); }

    /// The text of the UpstreamError that this request ends with.
    std::string failure(OutboundRequest request) {
        try {
            send(std::move(request));
        } catch (const base::UpstreamError& error) {
            return error.what();
        }
        return "no failure";
    }

    [[nodiscard]] double ended(const std::string& outcome) {
        return metrics.value("mxcd_outbound_requests_total{outcome=" + outcome + "}");
    }

    test::MemoryMetrics metrics;
    test::TaskRunner runner;
    std::unique_ptr<Client> client;  // goes first: its thread may still be inside a post() to the io thread
};

inline OutboundRequest get(const std::string& url) {
    OutboundRequest request;
    request.url = url;
    request.reach = Reach::operator_configured;
    return request;
}

}  // namespace mxcd::outbound
