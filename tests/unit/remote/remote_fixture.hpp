#pragma once

#include "mxcd/base/errors.hpp"
#include "mxcd/matrix/error.hpp"
#include "mxcd/outbound/client.hpp"
#include "mxcd/remote/authenticators.hpp"

#include "support/catch.hpp"
#include "support/memory_metrics.hpp"
#include "support/run_task.hpp"
#include "support/stub_server.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace mxcd::remote {

using media::Credentials;
using test::StubAnswer;
using test::StubRequest;
using test::StubServer;

inline Credentials acting(const std::string& text, const std::optional<std::string>& user,
                          const std::optional<std::string>& device = {}) {
    Credentials credentials;
    credentials.token = base::Secret(text);
    credentials.acting_user = user;
    credentials.acting_device = device;
    return credentials;
}

inline Credentials token(const std::string& text) { return acting(text, std::nullopt); }

inline matrix::UserId user(const std::string& text) { return matrix::UserId::parse(text).value(); }

/// What came of a question, in one line: "@alice:hs.test", "401 M_UNKNOWN_TOKEN", "upstream".
inline std::string outcome_of(test::TaskRunner& runner, media::TokenAuthenticator& authenticator,
                              Credentials credentials) {
    try {
        return runner.run(authenticator.authenticate(std::move(credentials))).user.text();
    } catch (const matrix::Error& error) {
        return std::to_string(error.status()) + " " + error.errcode();
    } catch (const base::UpstreamError&) {
        return "upstream";
    }
}

/// The refusal that a question ends with.
inline matrix::Error refusal_of(test::TaskRunner& runner, media::TokenAuthenticator& authenticator,
                                Credentials credentials) {
    try {
        runner.run(authenticator.authenticate(std::move(credentials)));
    } catch (const matrix::Error& error) {
        return error;
    }
    throw std::runtime_error("the token was not refused");
}

inline StubAnswer refuses(int status, const std::string& body) {
    return StubAnswer{.status = status, .body = body};
}

/// A homeserver that knows alice, and the means to ask it.
struct HomeserverFixture {
    explicit HomeserverFixture(std::chrono::milliseconds timeout = std::chrono::seconds(10))
        : client(outbound::make_client({}, metrics)) {
        config.homeserver_url = homeserver.url() + "/";
        config.timeout = timeout;
        config.server_name = "hs.test";
    }

    StubServer homeserver{StubAnswer{.body = R"({"user_id":"@alice:hs.test","device_id":"D"})"}};
    test::MemoryMetrics metrics;
    test::TaskRunner runner;
    async::IoThreads more_threads{3};  // not started
    std::unique_ptr<outbound::Client>
        client;  // goes first: its thread may still be inside a post() to the io thread
    AuthConfig config;
};

}  // namespace mxcd::remote
