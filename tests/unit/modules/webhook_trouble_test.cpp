#include "mxcd/base/errors.hpp"

#include "modules/breaker.hpp"
#include "unit/outbound/tls_server.hpp"
#include "webhook_house.hpp"

using namespace mxcd;
using namespace mxcd::test;
using modules::Breaker;

namespace {

/// A chain of one webhook with a short deadline, and what an upload is answered through it.
struct GuardedWebhook {
    explicit GuardedWebhook(const std::string& url, media::OnError on_error = media::OnError::deny,
                            const outbound::ClientConfig& client = {},
                            std::chrono::milliseconds cache_ttl = 0ms)
        : house(client) {
        house.config.timeout = timeout;
        house.config.cache_ttl = cache_ttl;
        chain.emplace(std::vector<media::ChainEntry>{{"hook", house.module(url), timeout, on_error}},
                      house.runner.group(), house.metrics);
    }

    /// 200, or the status of the refusal.
    int ask(std::int64_t size = 1) {
        const media::UploadFacts facts{house.user, base::ByteCount(size), "text/plain", std::nullopt};
        try {
            house.runner.run(chain->require_upload_allowed(facts));
        } catch (const matrix::Error& error) {
            return error.status();
        }
        return 200;
    }

    static constexpr std::chrono::milliseconds timeout{500};
    WebhookHouse house;
    std::optional<media::ModuleChain> chain;
};

StubAnswer answer_with_body(std::string body) { return {.body = std::move(body)}; }

}  // namespace

TEST_CASE("whatever a hostile webhook does, the verdict is the configured one, within the deadline") {
    const std::string good = R"({"result":true})";
    const StubAnswer answer = GENERATE_COPY(
        StubAnswer{.delay = 60s},                                       // says nothing
        StubAnswer{.raw = "HTTP/1.1 200 OK\r\n", .then_silent = true},  // stops in the header
        StubAnswer{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{", .then_silent = true},
        StubAnswer{.raw = "X: y\r\n", .repeats_forever = true},  // endless
        answer_with_body(good + std::string(64 * 1024, ' ')),    // huge
        answer_with_body(std::string(20'000, '[')),              // deep
        answer_with_body("<html>"), answer_with_body(""), answer_with_body("true"), answer_with_body("{}"),
        answer_with_body(R"({"error":7})"), answer_with_body(R"({"error":{"status":200}})"),
        answer_with_body("{\"result\":\"\xff\"}"),
        StubAnswer{.status = 302, .body = good, .headers = {"Location: http://127.0.0.1:1/"}},
        StubAnswer{.status = 204, .body = ""}, StubAnswer{.status = 500, .body = good},
        StubAnswer{.raw = "garbage\r\n\r\n", .then_closes = true},
        StubAnswer{.body = good, .headers = {"Content-Encoding: gzip"}});
    const media::OnError on_error = GENERATE(media::OnError::deny, media::OnError::allow);
    StubServer server(answer);
    GuardedWebhook webhook(server.url(), on_error);
    const auto begun = std::chrono::steady_clock::now();
    CHECK(webhook.ask() == (on_error == media::OnError::deny ? 503 : 200));
    CHECK(std::chrono::steady_clock::now() - begun < 2s);
    CHECK(server.request_count() == 1);  // redirects are not followed
    CHECK(webhook.chain->degraded() == std::vector<std::string>{"hook"});
    server.answer_with(result(true));
    CHECK(webhook.ask() == 200);
    CHECK(webhook.chain->degraded().empty());
}

TEST_CASE("a webhook that is not there is a failure") {
    std::string url;
    {
        StubServer gone(result(true));
        url = gone.url();
    }
    GuardedWebhook webhook(url);
    CHECK(webhook.ask() == 503);
}

TEST_CASE("a webhook with a certificate for another name is a failure, and hears nothing") {
    const Certificates certificates;
    const TlsServer server(certificates.issue("elsewhere.test", 2));
    outbound::ClientConfig client;
    client.ca_file = certificates.authority();
    GuardedWebhook webhook(server.url("localhost"), media::OnError::deny, client);
    CHECK(webhook.ask() == 503);
}

TEST_CASE("a webhook that flaps is left alone for half a minute, then tried once") {
    StubServer server(StubAnswer{.status = 500});
    GuardedWebhook webhook(server.url());
    for (int call = 0; call < 20; ++call) CHECK(webhook.ask() == 503);
    CHECK(server.request_count() == 5);
    CHECK(webhook.house.metrics.value("mxcd_webhook_breaker_open{module=hook}") == 1);
    CHECK(webhook.house.metrics.value("mxcd_webhook_skipped_total{module=hook}") == 15);

    webhook.house.clock.advance(37s);
    CHECK(webhook.ask() == 503);  // the probe
    CHECK(webhook.ask() == 503);
    CHECK(server.request_count() == 6);

    server.answer_with(result(true));
    webhook.house.clock.advance(37s);
    CHECK(webhook.ask() == 200);
    CHECK(webhook.ask() == 200);
    CHECK(server.request_count() == 8);
    CHECK(webhook.house.metrics.value("mxcd_webhook_breaker_open{module=hook}") == 0);
}

TEST_CASE("a webhook that is left alone is degraded, also when the last answer came from memory") {
    StubServer server(result(true));
    GuardedWebhook webhook(server.url(), media::OnError::deny, {}, 1h);
    CHECK(webhook.ask(7) == 200);
    server.answer_with(StubAnswer{.status = 500});
    for (int call = 0; call < 5; ++call) CHECK(webhook.ask() == 503);
    CHECK(webhook.ask(7) == 200);
    CHECK(webhook.house.metrics.value("mxcd_webhook_cache_hits_total{module=hook}") == 1);
    CHECK(webhook.chain->degraded() == std::vector<std::string>{"hook"});
}

TEST_CASE("an error that is null is no error") {
    StubServer server(answer_with_body(R"({"result":true,"error":null})"));
    GuardedWebhook webhook(server.url(), media::OnError::deny);
    CHECK(webhook.ask() == 200);
}

TEST_CASE("a module's own errors are no trouble") {
    StubServer server(answer_with_body(R"({"error":{"status":403,"errcode":"M_FORBIDDEN","error":"no"}})"));
    GuardedWebhook webhook(server.url());
    for (int call = 0; call < 20; ++call) CHECK(webhook.ask() == 403);
    CHECK(server.request_count() == 20);
}

TEST_CASE("half of ten calls within ten seconds open the breaker, fewer or older ones do not") {
    const std::unique_ptr<base::RandomSource> random = base::make_system_random();
    Breaker breaker(*random);
    const auto call = [&breaker](bool fails, Breaker::Moment now) {
        std::optional<Breaker::Attempt> attempt = breaker.begin(now);
        REQUIRE(attempt);
        if (fails)
            attempt->failed(now);
        else
            attempt->succeeded(now);
    };
    SECTION("half of ten") {
        for (int pair = 0; pair < 5; ++pair) {
            CHECK_FALSE(breaker.is_open());
            call(false, 1s);
            call(true, 2s);
        }
        CHECK(breaker.is_open());
    }
    SECTION("nine calls are too few") {
        for (int pair = 0; pair < 4; ++pair) {
            call(true, 1s);
            call(false, 1s);
        }
        call(true, 1s);
        CHECK_FALSE(breaker.is_open());
    }
    SECTION("what was more than ten seconds ago does not count") {
        for (int pair = 0; pair < 20; ++pair) {
            call(false, std::chrono::seconds(2 * pair));
            call(true, std::chrono::seconds(2 * pair));
            if (breaker.is_open()) break;
        }
        CHECK(breaker.is_open());  // ten calls are within ten seconds here
        Breaker slow(*random);
        for (int pair = 0; pair < 20; ++pair) {
            const auto now = std::chrono::seconds(3 * pair);
            slow.begin(now)->succeeded(now);
            slow.begin(now)->failed(now);
        }
        CHECK_FALSE(slow.is_open());
    }
}

TEST_CASE("an open breaker rests for 24 to 36 seconds, and a probe that never ends lets the next one try") {
    const std::unique_ptr<base::RandomSource> random = base::make_system_random();
    for (int round = 0; round < 50; ++round) {
        Breaker breaker(*random);
        for (int failure = 0; failure < 5; ++failure) breaker.begin(0ms)->failed(0ms);
        CHECK_FALSE(breaker.begin(23'999ms));
        {
            const std::optional<Breaker::Attempt> probe = breaker.begin(36'000ms);
            REQUIRE(probe);
            CHECK_FALSE(breaker.begin(36'000ms));
        }
        CHECK(breaker.begin(36'000ms));
    }
}
