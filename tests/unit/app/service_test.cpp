#include "app/service.hpp"

#include "app/backup_command.hpp"
#include "app/task_loop.hpp"
#include "configuration_texts.hpp"
#include "support/catch.hpp"
#include "support/temp_folder.hpp"

#include <atomic>
#include <future>

namespace {

using namespace std::chrono_literals;
using namespace mxcd;
using test::contains;

/// A running service in a folder of its own, and a client.
class House {
  public:
    explicit House(const std::string& more = "") : service_(configuration(more), 2) { service_.start(); }
    ~House() { stop(); }
    House(const House&) = delete;
    House& operator=(const House&) = delete;

    [[nodiscard]] std::string text(const std::string& more) const {
        return "server_name: hs.test\n"
               "listeners: [{port: 0, resources: [media, health, metrics]}]\n"
               "auth: {static_tokens: [{token: alice-token, user_id: \"@alice:hs.test\"}]}\n"
               "database: {sqlite: {path: " +
               (folder_.path() / "mxcd.db").string() +
               "}}\n"
               "media_store_path: " +
               (folder_.path() / "store").string() +
               "\n"
               "min_free_space: 1M\nlog: {level: error}\n" +
               more;
    }
    [[nodiscard]] app::Configuration configuration(const std::string& more) const {
        app::LoadOutcome outcome = test::read(text(more));
        INFO(test::texts_of(outcome.report.mistakes));
        REQUIRE(outcome.configuration);
        outcome.configuration->decodes.program = MXCD_DECODER_PROGRAM;
        return *outcome.configuration;
    }

    outbound::OutboundResponse ask(const std::string& method, const std::string& target,
                                   const std::string& body = "", const std::string& token = "alice-token") {
        outbound::OutboundRequest request;
        request.method = method;
        request.url = service_.listeners().at(0).url + target;
        request.headers = {"Authorization: Bearer " + token};
        request.body = body;
        request.max_response_bytes = 1 << 20;
        request.reach = outbound::Reach::operator_configured;
        return loop_.run(client_->send(std::move(request)));
    }

    /// The path of new media below the download routes.
    std::string upload(const std::string& body) {
        const outbound::OutboundResponse answer = ask("POST", "/_matrix/media/v3/upload", body);
        REQUIRE(answer.status == 200);
        const std::string uri =
            matrix::get_string(matrix::parse_json(answer.body).value(), "content_uri").value();
        return uri.substr(6);
    }
    std::string download(const std::string& path) {
        return ask("GET", "/_matrix/client/v1/media/download/" + path).body;
    }
    std::string config() { return ask("GET", "/_matrix/client/v1/media/config").body; }

    bool stop() {
        if (is_stopped_) return true;
        is_stopped_ = true;
        service_.begin_stop();
        const bool is_drained = service_.drain(10s);
        return service_.finish() && is_drained;
    }

    [[nodiscard]] app::Service& service() { return service_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  private:
    test::TempFolder folder_;
    std::unique_ptr<base::Metrics> metrics_ = base::make_no_metrics();
    app::TaskLoop loop_;
    std::unique_ptr<outbound::Client> client_ = outbound::make_client({}, *metrics_);
    app::Service service_;
    bool is_stopped_ = false;
};

TEST_CASE("the wired service takes in media and gives them out", "[service]") {
    House house;
    const std::string small = house.upload("hello");
    const std::string large_body(200'000, 'x');
    const std::string large = house.upload(large_body);
    CHECK(house.download(small) == "hello");
    CHECK((house.download(large) == large_body));  // not worth printing
    CHECK(house.config() == R"({"m.upload.size":52428800})");
    CHECK(house.ask("GET", "/_matrix/client/v1/media/config", "", "wrong").status == 401);
    CHECK(house.stop());
}

TEST_CASE("readiness names every dependency, and metrics are told", "[service]") {
    House house;
    CHECK(house.ask("GET", "/health").status == 200);
    const outbound::OutboundResponse ready = house.ask("GET", "/health/ready");
    CHECK(ready.status == 200);
    for (const char* name : {"database", "store", "homeserver", "modules"})
        CHECK_THAT(ready.body, contains(name));
    const std::string metrics = house.ask("GET", "/metrics").body;
    CHECK_THAT(metrics, contains("# TYPE mxcd_config_reload_failures_total counter"));
}

TEST_CASE("a reload takes new settings into force, and names what needs a restart", "[service]") {
    House house("max_upload_size: 1M\n");
    CHECK(house.config() == R"({"m.upload.size":1048576})");
    CHECK(house.service().reload(house.configuration("max_upload_size: 2M\n")).empty());
    CHECK(house.config() == R"({"m.upload.size":2097152})");

    app::Configuration next =
        house.configuration("modules: [{builtin: user_tiers, config: {rules: [{config: {\"a\": 1}}]}}]\n");
    next.auth.static_tokens.at(0).token = base::Secret("new-token");
    next.database.path = "elsewhere.db";
    next.server.listeners.at(0).port = 1;
    CHECK(house.service().reload(std::move(next)) == std::vector<std::string>{"listeners", "database"});
    CHECK(house.ask("GET", "/_matrix/client/v1/media/config").status == 401);
    CHECK(house.ask("GET", "/_matrix/client/v1/media/config", "", "new-token").body == R"({"a":1})");
}

TEST_CASE("many reloads under load drop nothing", "[service]") {
    House house;
    std::atomic<bool> is_over = false;
    std::future<void> reloads = std::async(std::launch::async, [&house, &is_over] {
        for (int i = 0; i < 200; ++i)
            static_cast<void>(house.service().reload(
                house.configuration("max_upload_size: " + std::to_string(1000 + i) + "K\n")));
        is_over = true;
    });
    int asked = 0;
    int answered = 0;
    while (!is_over) {
        ++asked;
        if (house.ask("GET", "/_matrix/client/v1/media/config").status == 200) ++answered;
    }
    reloads.get();
    CHECK(asked == answered);
    CHECK(house.config() == R"({"m.upload.size":1227776})");
}

TEST_CASE("callbacks that a module is not asked have no effect", "[service]") {
    const std::string rule = "config: {rules: [{config: {\"a\": 1}, max_upload_size: 3}]}";
    House house("modules: [{builtin: user_tiers, callbacks: [is_user_allowed_to_upload_media_of_size], " +
                rule + "}]\n");
    CHECK(house.config() == R"({"m.upload.size":52428800})");
    CHECK(house.ask("POST", "/_matrix/media/v3/upload", "four").status == 413);
    CHECK(house.ask("POST", "/_matrix/media/v3/upload", "abc").status == 200);
}

TEST_CASE("a backup is a service of its own", "[service]") {
    House house;
    const std::string small = house.upload("hello");
    const std::string large_body(200'000, 'x');
    const std::string large = house.upload(large_body);
    const std::filesystem::path copy = house.folder() / "copy";
    const app::Configuration configuration = house.configuration("");
    CHECK(app::back_up(configuration, copy) == app::ExitCode::ok);
    CHECK_THROWS_WITH(app::back_up(configuration, copy), contains("not empty"));
    CHECK_THROWS_AS(app::back_up(configuration, "/nowhere/at/all"), app::CommandError);

    app::Configuration restored = configuration;
    restored.database.path = copy / "mxcd.db";
    restored.store.path = copy / "media_store";
    app::Service second(std::move(restored), 1);
    second.start();
    CHECK(second.listeners().size() == 1);
    second.begin_stop();
    CHECK(second.drain(5s));
    CHECK(second.finish());
    CHECK((house.download(large) == large_body));  // not worth printing
}

TEST_CASE("the beat of a working service comes back", "[service]") {
    House house;
    app::Pulse& pulse = house.service().pulse();
    CHECK_FALSE(pulse.is_back());
    pulse.beat();
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!pulse.is_back() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    CHECK(pulse.is_back());
}

TEST_CASE("missing last folders are created 0700", "[service]") {
    House house;
    app::Configuration other = house.configuration("");
    const test::TempFolder folder;
    other.database.path = folder.path() / "new" / "mxcd.db";
    other.store.path = folder.path() / "store";
    other.server.listeners.at(0).path = (folder.path() / "run" / "mxcd.sock").string();
    const app::Service service(other, 1);
    for (const char* created : {"new", "store", "run"}) {
        CAPTURE(created);
        const auto status = std::filesystem::status(folder.path() / created);
        CHECK(std::filesystem::is_directory(status));
        CHECK((status.permissions() & std::filesystem::perms::all) == std::filesystem::perms::owner_all);
    }
    CHECK(std::filesystem::is_socket(folder.path() / "run" / "mxcd.sock"));
}

TEST_CASE("a second service is kept out of the same store, and of the same port", "[service]") {
    House house;
    // The database keeps other processes out, not this one (e2e operations).
    app::Configuration other = house.configuration("");
    const test::TempFolder folder;
    other.database.path = folder.path() / "other.db";
    CHECK_THROWS_AS(app::Service(other, 1), blobs::OpenError);
    other.store.path = folder.path() / "store";
    other.server.listeners.at(0).port = house.service().listeners().at(0).port;
    CHECK_THROWS_AS(app::Service(other, 1), http::BindError);
}

}  // namespace
