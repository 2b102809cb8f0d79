#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"

#include "desk_house.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>

using namespace mxcd;
using namespace mxcd::test;

namespace {

struct OperatorsHouse : DeskHouse {
    std::vector<api::HealthFinding> findings;
    std::atomic<bool> may_end = false;
    std::exception_ptr backup_failure;
    std::string backup_folder;

    OperatorsHouse() {
        listener = api::resource_health | api::resource_metrics | api::resource_control;
        operations.health = [this] { return health(this); };
        operations.metrics_text = [] { return std::string("# HELP mxcd_up x\nmxcd_up 1\n"); };
        operations.back_up = [this](std::string folder, std::function<void(double)> progress) {
            return back_up(this, std::move(folder), std::move(progress));
        };
    }

    static async::Task<std::vector<api::HealthFinding>> health(OperatorsHouse* house) {
        co_return house->findings;
    }

    static async::Task<> back_up(OperatorsHouse* house, std::string folder,
                                 std::function<void(double)> progress) {
        house->backup_folder = std::move(folder);
        progress(0.5);
        const async::Executor home = co_await async::asio::this_coro::executor;
        while (!house->may_end) {
            async::Timer timer(home, std::chrono::milliseconds(1));
            co_await timer.async_wait(async::use_task);
        }
        if (house->backup_failure) std::rethrow_exception(house->backup_failure);
    }

    std::string state() { return ask("GET", "/_mxcd/backup").text("state"); }
    bool reaches(const std::string& wanted) {
        return eventually([&] { return state() == wanted; });
    }
};

const std::string start = "/_mxcd/backup?folder=%2Fvar%2Fcopy";

}  // namespace

TEST_CASE("health is 200 without asking anybody") {
    OperatorsHouse house;
    house.findings = {{"database", false, true}};
    const Answer answer = house.ask("GET", "/health");
    CHECK(answer.status == 200);
    CHECK(answer.json().at("status") == "alive");
    CHECK(house.ask("HEAD", "/health").status == 200);
    CHECK(house.authenticator.calls == 0);
}

TEST_CASE("readiness names every dependency; only a required one makes it 503") {
    OperatorsHouse house;
    house.findings = {{"database", true, true}, {"store", true, true}, {"homeserver", true, false}};
    const Answer ready = house.ask("GET", "/health/ready");
    CHECK(ready.status == 200);
    CHECK(ready.json() == matrix::Json::parse(R"({"status": "ready",
        "dependencies": {"database": "ok", "store": "ok", "homeserver": "ok"}})"));

    house.findings.at(2).is_healthy = false;
    const Answer degraded = house.ask("GET", "/health/ready");
    CHECK(degraded.status == 200);
    CHECK(degraded.json().at("status") == "degraded");
    CHECK(degraded.json().at("dependencies").at("homeserver") == "degraded");

    house.findings.at(1).is_healthy = false;
    const Answer down = house.ask("GET", "/health/ready");
    CHECK(down.status == 503);
    CHECK(down.json().at("status") == "unavailable");
    CHECK(down.json().at("dependencies") ==
          matrix::Json::parse(R"({"database": "ok", "store": "down", "homeserver": "degraded"})"));
    CHECK(down.errcode() == "M_UNKNOWN");
    CHECK(down.json().at("error").is_string());
}

TEST_CASE("metrics are Prometheus text") {
    OperatorsHouse house;
    const Answer answer = house.ask("GET", "/metrics");
    CHECK(answer.status == 200);
    CHECK(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(answer.body == "# HELP mxcd_up x\nmxcd_up 1\n");
}

TEST_CASE("a backup runs in the background, one at a time, and tells how it stands") {
    OperatorsHouse house;
    CHECK(house.ask("GET", "/_mxcd/backup").status == 404);
    const Answer started = house.ask("POST", start);
    CHECK(started.status == 200);
    CHECK(started.json() == matrix::Json::parse(R"({"status": "started"})"));
    CHECK(eventually([&] { return house.ask("GET", "/_mxcd/backup").json().at("fraction") == 0.5; }));
    CHECK(house.state() == "running");
    CHECK(house.backup_folder == "/var/copy");
    CHECK(house.ask("POST", start).status == 409);
    house.may_end = true;
    CHECK(house.reaches("done"));
    CHECK(house.ask("GET", "/_mxcd/backup").json().at("fraction") == 1.0);
    CHECK(house.ask("POST", start).status == 200);
    CHECK(house.reaches("done"));
}

TEST_CASE("a failed backup says why in words that are meant for the operator") {
    OperatorsHouse house;
    house.may_end = true;
    house.backup_failure = std::make_exception_ptr(base::StorageError("the folder is not empty"));
    CHECK(house.ask("POST", start).status == 200);
    CHECK(house.reaches("failed"));
    CHECK(house.ask("GET", "/_mxcd/backup").json().at("error") == "the folder is not empty");
    house.backup_failure = std::make_exception_ptr(std::runtime_error("library text"));
    CHECK(house.ask("POST", start).status == 200);
    CHECK(
        eventually([&] { return house.ask("GET", "/_mxcd/backup").text("error").starts_with("internal"); }));
}

TEST_CASE("a backup that is cancelled has failed") {
    OperatorsHouse house;
    CHECK(house.ask("POST", start).status == 200);
    CHECK(eventually([&] { return house.ask("GET", "/_mxcd/backup").json().at("fraction") == 0.5; }));
    house.runner.group().cancel();
    CHECK(house.runner.group().wait_until_empty(std::chrono::seconds(10)));
    // The group takes no more tasks, so this one is run by hand.
    TestRequest request("GET", "/_mxcd/backup");
    request.resources = house.listener;
    boost::asio::io_context loop;
    std::string state;
    boost::asio::co_spawn(
        loop.get_executor(), house.desk().answer(request),
        [&](std::exception_ptr, http::Response response) { state = read_answer(response).text("state"); });
    loop.run();
    CHECK(state == "failed");
}

TEST_CASE("a backup needs an absolute folder") {
    OperatorsHouse house;
    CHECK(house.ask("POST", "/_mxcd/backup").errcode() == "M_MISSING_PARAM");
    for (const std::string folder : {"", "copy", "..%2Fcopy", "%2Fa%00b", "%zz"}) {
        const Answer answer = house.ask("POST", "/_mxcd/backup?folder=" + folder);
        CHECK(answer.status == 400);
        CHECK(answer.errcode() == "M_INVALID_PARAM");
    }
    CHECK(house.backup_folder.empty());
}
