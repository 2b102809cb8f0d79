#include "modules/plugin_host.hpp"

#include "support/catch.hpp"

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace mxcd;
using namespace std::chrono_literals;
using matrix::Json;
using modules::PluginAnswer;

namespace {

struct Remembers final : modules::PluginCaller {
    void take(PluginAnswer answer) override { answers.push_back(std::move(answer)); }
    std::vector<PluginAnswer> answers;
};

struct Scene {
    explicit Scene(std::string config = "{}")
        : host(std::move(config),
               [this](base::LogLevel level, std::string_view text) { lines.emplace_back(level, text); }) {}

    mxcd_call open(std::chrono::milliseconds limit = 10s) {
        return host.calls().open(caller, std::chrono::steady_clock::now() + limit);
    }
    /// {"result": ...}, {"error": ...} or {"failure": ...}
    [[nodiscard]] Json last_answer() const {
        const PluginAnswer& answer = caller->answers.back();
        if (const auto* const result = std::get_if<modules::PluginResult>(&answer))
            return {{"result", result->value}};
        if (const auto* const refusal = std::get_if<modules::PluginRefusal>(&answer))
            return {{"error", refusal->error}};
        return {{"failure", std::get<modules::PluginFailure>(answer).reason}};
    }

    std::vector<std::pair<base::LogLevel, std::string>> lines;
    std::shared_ptr<Remembers> caller = std::make_shared<Remembers>();
    modules::PluginHost host;
    const mxcd_host* table = host.table();
};

void count_up(void* counter) { ++*static_cast<std::atomic<int>*>(counter); }
void keep_promise(void* promise) { static_cast<std::promise<void>*>(promise)->set_value(); }

}  // namespace

TEST_CASE("a plugin reads its configuration as a whole or value by value") {
    const Json config = {{"text", "words"}, {"number", -7}, {"huge", UINT64_MAX},
                         {"fraction", 1.5}, {"yes", true},  {"list", {{{"user", "@a:b"}}}},
                         {"a/b", "slash"}};
    const Scene scene(matrix::to_text(config));
    const mxcd_host* const host = scene.table;
    CHECK(Json::parse(host->config_json(host)) == config);
    CHECK(host->config_text(host, "/text") == std::string("words"));
    CHECK(host->config_text(host, "/list/0/user") == std::string("@a:b"));
    CHECK(host->config_text(host, "/a~1b") == std::string("slash"));
    for (const char* const path :
         {"/none", "/number", "/list/1/user", "/list/x", "no pointer", "/~", "/text/0"})
        CHECK(host->config_text(host, path) == nullptr);
    CHECK(host->config_text(host, nullptr) == nullptr);
    std::int64_t number = 5;
    CHECK(host->config_integer(host, "/number", &number) == 1);
    CHECK(number == -7);
    for (const char* const path : {"/none", "/text", "/huge", "/fraction", "/yes"})
        CHECK(host->config_integer(host, path, &number) == 0);
    CHECK(number == -7);
    int value = 9;
    CHECK(host->config_boolean(host, "/number", &value) == 0);
    CHECK(value == 9);
    CHECK(host->config_boolean(host, "/yes", &value) == 1);
    CHECK(value == 1);
}

TEST_CASE("a plugin sees its configuration in the operator's order") {
    const Scene scene(R"({"z":1,"a":{"y":2,"b":3}})");
    CHECK(scene.table->config_json(scene.table) == std::string(R"({"z":1,"a":{"y":2,"b":3}})"));
}

TEST_CASE("a plugin without configuration has an empty object") {
    const Scene scene;
    CHECK(scene.table->config_json(scene.table) == std::string("{}"));
}

TEST_CASE("a plugin's log lines have levels, and an end") {
    const Scene scene;
    const mxcd_host* const host = scene.table;
    host->log(host, MXCD_LOG_DEBUG, "a");
    host->log(host, MXCD_LOG_WARN, std::string(5000, 'x').c_str());
    host->log(host, 99, "b");
    host->log(host, MXCD_LOG_INFO, nullptr);
    REQUIRE(scene.lines.size() == 3);
    CHECK(scene.lines.at(0) == std::pair(base::LogLevel::debug, std::string("a")));
    CHECK(scene.lines.at(1) == std::pair(base::LogLevel::warn, std::string(512, 'x')));
    CHECK(scene.lines.at(2) == std::pair(base::LogLevel::error, std::string("b")));
}

TEST_CASE("a plugin sees how much time is left") {
    Scene scene;
    const mxcd_host* const host = scene.table;
    const mxcd_call call = scene.open(10s);
    CHECK(host->remaining_ms(host, call) > 5'000);
    CHECK(host->remaining_ms(host, call) <= 10'000);
    CHECK(host->remaining_ms(host, scene.open(-1s)) == 0);
    CHECK(host->answer_none(host, call) == 1);
    CHECK(host->remaining_ms(host, call) == 0);
    CHECK(host->remaining_ms(host, 4711) == 0);
}

TEST_CASE("answers become what other kinds of modules answer in JSON") {
    Scene scene;
    const mxcd_host* const host = scene.table;
    const mxcd_error error{sizeof(mxcd_error), 451, "ORG_NO", "no"};
    const mxcd_error empty{sizeof(mxcd_error), 0, nullptr, nullptr};
    host->answer_none(host, scene.open());
    CHECK(scene.last_answer() == Json{{"result", nullptr}});
    host->answer_allowed(host, scene.open(), 0);
    CHECK(scene.last_answer() == Json{{"result", false}});
    host->answer_limits(host, scene.open(), nullptr, 0);
    CHECK(scene.last_answer() == Json{{"result", Json::array()}});
    host->answer_verdict(host, scene.open(), MXCD_QUARANTINE, nullptr);
    CHECK(scene.last_answer() == Json{{"result", "quarantine"}});
    const Json told = {{"status", 451}, {"errcode", "ORG_NO"}, {"error", "no"}};
    host->answer_verdict(host, scene.open(), MXCD_REJECT, &error);
    CHECK(scene.last_answer() == Json{{"result", {{"reject", told}}}});
    host->answer_error(host, scene.open(), &error);
    CHECK(scene.last_answer() == Json{{"error", told}});
    host->answer_error(host, scene.open(), &empty);
    CHECK(scene.last_answer() == Json{{"error", Json::object()}});
    host->answer_error(host, scene.open(), nullptr);
    CHECK(scene.last_answer() == Json{{"error", Json::object()}});
    host->answer_json(host, scene.open(), R"({"m.upload.size": 5})");
    CHECK(scene.last_answer() == Json{{"result", {{"m.upload.size", 5}}}});
    host->answer_failure(host, scene.open(), "broken");
    CHECK(scene.last_answer() == Json{{"failure", "broken"}});
}

TEST_CASE("limits of a later version of the interface are read by their own size") {
    struct LaterLimit {
        mxcd_limit first;
        std::int64_t later[3];
    };
    Scene scene;
    std::array<LaterLimit, 2> limits{};
    limits[0].first = {sizeof(LaterLimit), 1, 100, 1000, "https://a.example/"};
    limits[1].first = {sizeof(LaterLimit), 0, 200, 2000, nullptr};
    CHECK(scene.table->answer_limits(scene.table, scene.open(), &limits[0].first, limits.size()) == 1);
    const Json first = {{"max_bytes", 100},
                        {"time_period_ms", 1000},
                        {"info_uri", "https://a.example/"},
                        {"can_upgrade", true}};
    const Json second = {{"max_bytes", 200}, {"time_period_ms", 2000}};
    CHECK(scene.last_answer() == Json{{"result", Json::array({first, second})}});
}

TEST_CASE("an answer that makes no sense is a failure") {
    Scene scene;
    const mxcd_host* const host = scene.table;
    mxcd_limit limit{};
    const mxcd_error error{};
    SECTION("a number that is no boolean") { host->answer_allowed(host, scene.open(), 2); }
    SECTION("no limits where some are told") { host->answer_limits(host, scene.open(), nullptr, 1); }
    SECTION("limits without a size") { host->answer_limits(host, scene.open(), &limit, 1); }
    SECTION("more limits than anybody has") { host->answer_limits(host, scene.open(), &limit, 1'000'000); }
    SECTION("a limit that is neither upgradable nor not") {
        limit = {sizeof limit, 7, 1, 1, nullptr};
        host->answer_limits(host, scene.open(), &limit, 1);
    }
    SECTION("an unknown verdict") { host->answer_verdict(host, scene.open(), 99, nullptr); }
    SECTION("a rejection without a size") { host->answer_verdict(host, scene.open(), MXCD_REJECT, &error); }
    SECTION("an error without a size") { host->answer_error(host, scene.open(), &error); }
    SECTION("no JSON") { host->answer_json(host, scene.open(), "{"); }
    SECTION("no text") { host->answer_json(host, scene.open(), nullptr); }
    SECTION("too much text") {
        host->answer_json(host, scene.open(), ("\"" + std::string(65536, 'x') + "\"").c_str());
    }
    SECTION("a failure without a reason") { host->answer_failure(host, scene.open(), nullptr); }
    CHECK(scene.last_answer().contains("failure"));
}

TEST_CASE("a second answer, and one to a call that never was, find nobody") {
    Scene scene;
    const mxcd_host* const host = scene.table;
    const mxcd_call call = scene.open();
    CHECK(host->answer_allowed(host, call, 1) == 1);
    CHECK(host->answer_allowed(host, call, 0) == 0);
    CHECK(host->answer_none(host, call + 1) == 0);
    CHECK(host->answer_none(host, 0) == 0);
    CHECK(scene.caller->answers.size() == 1);
    const mxcd_call forgotten = scene.open();
    scene.host.calls().forget(forgotten);
    CHECK(host->answer_none(host, forgotten) == 0);
    const mxcd_call late = scene.open(-1s);
    const mxcd_call in_time = scene.open(10s);
    scene.host.calls().forget_late(std::chrono::steady_clock::now());
    CHECK(host->answer_none(host, late) == 0);
    CHECK(host->answer_none(host, in_time) == 1);
}

TEST_CASE("of many answers from many threads exactly one is taken") {
    Scene scene;
    for (int round = 0; round < 200; ++round) {
        const mxcd_call call = scene.open();
        std::atomic<int> taken = 0;
        std::vector<std::thread> threads;
        for (int index = 0; index < 4; ++index)
            threads.emplace_back([&] { taken += scene.table->answer_none(scene.table, call); });
        for (std::thread& thread : threads) thread.join();
        CHECK(taken == 1);
    }
    CHECK(scene.caller->answers.size() == 200);
    CHECK(scene.host.calls().empty());
}

TEST_CASE("timers fire once, in the order of their time, and not when they are cancelled") {
    Scene scene;
    const mxcd_host* const host = scene.table;
    std::atomic<int> late = 0;
    std::atomic<int> never = 0;
    std::promise<void> soon;
    CHECK(host->set_timer(host, 3'600'000, count_up, &late) != 0);
    const mxcd_timer cancelled = host->set_timer(host, 1, count_up, &never);
    const bool was_in_time = host->cancel_timer(host, cancelled) == 1;
    CHECK(host->set_timer(host, 5, keep_promise, &soon) != 0);
    CHECK(soon.get_future().wait_for(10s) == std::future_status::ready);
    CHECK(never == (was_in_time ? 0 : 1));
    CHECK(late == 0);
    CHECK(host->cancel_timer(host, cancelled) == 0);
    CHECK(host->cancel_timer(host, 4711) == 0);
}

TEST_CASE("a plugin sets as many timers as are allowed, and none after its end") {
    Scene scene;
    const mxcd_host* const host = scene.table;
    std::atomic<int> fired = 0;
    for (std::size_t index = 0; index < modules::PluginTimers::most; ++index)
        REQUIRE(host->set_timer(host, 3'600'000, count_up, &fired) != 0);
    CHECK(host->set_timer(host, 0, count_up, &fired) == 0);
    CHECK(host->set_timer(host, 0, nullptr, &fired) == 0);
    scene.host.timers().stop();
    CHECK(fired == 0);
    CHECK(host->set_timer(host, 0, count_up, &fired) == 0);
}
