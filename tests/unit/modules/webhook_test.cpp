#include "mxcd/base/errors.hpp"

#include "support/file_facts.hpp"
#include "support/many_calls.hpp"
#include "webhook_house.hpp"

using namespace mxcd;
using namespace mxcd::test;

TEST_CASE("webhooks keep to the table of scenarios") {
    WebhookHouse house;
    run_module_scenarios(webhook_kind(house));
}

TEST_CASE("calls of webhooks do not queue behind a slow one") {
    WebhookHouse house;
    ManyCalls(webhook_kind(house), house.runner).check();
}

TEST_CASE("a call is a signed POST of the callback and its arguments") {
    WebhookHouse house;
    house.clock.advance(123ms);
    StubServer server(result(true));
    CHECK(house.is_allowed(*house.module(server.url() + "/media?x=1")));
    const StubRequest request = server.requests().at(0);
    CHECK(request.method == "POST");
    CHECK(request.target == "/media?x=1");
    CHECK(request.header("content-type") == "application/json");
    CHECK(Json::parse(request.body) == Json{{"callback", "is_user_allowed_to_upload_media_of_size"},
                                            {"user_id", "@alice:example.org"},
                                            {"size", 67}});
    const std::string signed_text = "1700000000." + request.body;
    CHECK(request.header("x-mxcd-signature") ==
          "t=1700000000,v1=" + base::to_hex(base::hmac_sha256("key", signed_text)));
}

TEST_CASE("each call has an idempotency key of its own") {
    WebhookHouse house;
    StubServer server(result(true));
    const auto module = house.module(server.url());
    house.is_allowed(*module);
    house.is_allowed(*module);
    const std::string first = server.requests().at(0).header("idempotency-key");
    CHECK(first.size() == 24);
    CHECK(server.requests().at(1).header("idempotency-key") != first);
    CHECK(server.connection_count() == 1);
}

TEST_CASE("without a secret nothing is signed") {
    WebhookHouse house;
    house.config.secret = base::Secret();
    StubServer server(result(true));
    house.is_allowed(*house.module(server.url()));
    CHECK(server.requests().at(0).headers.count("x-mxcd-signature") == 0);
}

TEST_CASE("answers about a user are remembered for as long as cache_ttl says, each question for itself") {
    WebhookHouse house;
    house.config.cache_ttl = 10s;
    StubServer server(result(true));
    const auto module = house.module(server.url());
    house.is_allowed(*module, 1);
    house.is_allowed(*module, 1);
    CHECK(server.request_count() == 1);
    CHECK(house.metrics.value("mxcd_webhook_cache_hits_total{module=hook}") == 1);
    house.is_allowed(*module, 2);
    CHECK(server.request_count() == 2);
    house.clock.advance(9999ms);
    house.is_allowed(*module, 1);
    CHECK(server.request_count() == 2);
    house.clock.advance(1ms);
    house.is_allowed(*module, 1);
    CHECK(server.request_count() == 3);
}

TEST_CASE("nothing but good answers is remembered, and events never are") {
    WebhookHouse house;
    house.config.cache_ttl = 10s;
    StubServer server(GENERATE(StubAnswer{.status = 500}, result("yes"),
                               StubAnswer{.body = R"({"error":{"status":403,"errcode":"M_FORBIDDEN"}})"}));
    const auto module = house.module(server.url());
    CHECK_THROWS(house.is_allowed(*module));
    server.answer_with(result(true));
    CHECK(house.is_allowed(*module));
    const matrix::MediaId media = matrix::MediaId::parse("abc").value();
    house.runner.run(module->media_deleted(media));
    house.runner.run(module->media_deleted(media));
    CHECK(server.request_count() == 4);
}

TEST_CASE("a file can be fetched once at a URL of its own, and not after the call") {
    WebhookHouse house;
    house.files.set_address("http://127.0.0.1:1");
    std::string url;
    StubServer server([&](const StubRequest& request) {
        url = Json::parse(request.body).at("url").get<std::string>();
        return result("allow");
    });
    const auto module = house.module(server.url());
    house.runner.run(module->check_file(file_of("bytes")));
    const std::string prefix = "http://127.0.0.1:1/_mxcd/files/";
    REQUIRE(url.starts_with(prefix));
    CHECK_FALSE(house.files.take(url.substr(prefix.size())));

    std::optional<media::FileOffers::Offer> offer = house.files.offer(file_of("bytes").file);
    const std::string token = offer->url().substr(prefix.size());
    CHECK(house.files.take(token).value().size == base::ByteCount(5));
    CHECK_FALSE(house.files.take(token));
}

TEST_CASE("where no file can be fetched the URL is null") {
    WebhookHouse house;
    StubServer server(result("allow"));
    house.runner.run(house.module(server.url())->check_file(file_of("bytes")));
    CHECK(Json::parse(server.requests().at(0).body).at("url").is_null());
}
