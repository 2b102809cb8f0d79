#pragma once

#include "mxcd/modules/webhook.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_metrics.hpp"
#include "support/module_scenario_runner.hpp"
#include "support/run_task.hpp"
#include "support/stub_server.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace mxcd::test {

using namespace std::chrono_literals;

/// A webhook module and what it needs.
struct WebhookHouse {
    explicit WebhookHouse(const outbound::ClientConfig& client_config = {})
        : client(outbound::make_client(client_config, metrics)) {}

    std::shared_ptr<media::MediaModule> module(const std::string& url) {
        config.url = url;
        return modules::make_webhook(config, {*client, clock, *random, files, metrics});
    }

    bool is_allowed(media::MediaModule& module, std::int64_t size = 67) {
        return runner.run(
            module.is_upload_allowed({user, base::ByteCount(size), "text/plain", std::nullopt}));
    }

    const matrix::UserId user = matrix::UserId::parse("@alice:example.org").value();
    ManualClock clock;
    MemoryMetrics metrics;
    std::unique_ptr<base::RandomSource> random = base::make_system_random();
    media::FileOffers files{*random};
    modules::WebhookConfig config{"hook", "", base::Secret("key"), 10s, 0ms};
    TaskRunner runner;  // above the client, whose thread posts to it
    std::unique_ptr<outbound::Client> client;
};

inline StubAnswer result(const Json& value) { return {.body = matrix::to_text(Json{{"result", value}})}; }

/// What a webhook that follows a script answers.
inline StubAnswer scripted_answer(const ModuleScript& script, const Json& call) {
    const auto found = script.find(call.value("callback", std::string()));
    if (found == script.end()) return result(nullptr);
    const Behaviour& behaviour = found->second;
    switch (behaviour.kind) {
        case Behaviour::Kind::refuses:
            return {.body = matrix::to_text(Json{{"error", behaviour.value}})};
        case Behaviour::Kind::breaks:
            return {.status = 500};
        case Behaviour::Kind::hangs:
            return {.delay = 60s};
        case Behaviour::Kind::answers:
        case Behaviour::Kind::spoils_input:
            break;
    }
    return result(behaviour.value);
}

inline ModuleKind webhook_kind(WebhookHouse& house) {
    const auto make = [&house](const ModuleScript& script) {
        const auto server = std::make_shared<StubServer>([script](const StubRequest& request) {
            return scripted_answer(script, Json::parse(request.body));
        });
        const auto heard = [server] {
            std::vector<Json> calls;
            for (const StubRequest& request : server->requests()) calls.push_back(Json::parse(request.body));
            return calls;
        };
        return ModuleUnderTest{house.module(server->url() + "/hook"), heard};
    };
    return {"webhook", make};
}

}  // namespace mxcd::test
