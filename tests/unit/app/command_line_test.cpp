#include "mxcd/app/command_line.hpp"

#include "mxcd/blobs/folder_store.hpp"
#include "mxcd/metadata/database.hpp"

#include "app/control_socket.hpp"
#include "app/exit_codes.hpp"
#include "app/probe.hpp"
#include "configuration_texts.hpp"
#include "support/catch.hpp"
#include "support/temp_folder.hpp"

#include <cstdlib>
#include <vector>

namespace {

using namespace mxcd;
using app::CommandError;
using app::exit_code_of;
using app::ExitCode;
using test::contains;
using test::minimal;

int run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "mxcd");
    return app::run_command_line(static_cast<int>(arguments.size()), arguments.data());
}

std::string file_with(const test::TempFolder& folder, const std::string& text) {
    const std::filesystem::path file = folder.path() / "c.yaml";
    std::ofstream(file) << text;
    return file.string();
}

TEST_CASE("a wrong command line is exit code 64", "[command]") {
    unsetenv("MXCD_CONFIG");
    CHECK(run({}) == 64);
    CHECK(run({"serfe"}) == 64);
    CHECK(run({"serve", "--fast"}) == 64);
    CHECK(run({"serve"}) == 64);
    CHECK(run({"check-config"}) == 64);
    CHECK(run({"serve", "-c"}) == 64);
    CHECK(run({"backup", "-c", "x"}) == 64);
    CHECK(run({"version", "more"}) == 64);
    CHECK(run({"help", "nothing"}) == 64);
    CHECK(run({"help", "module", "nothing"}) == 64);
    CHECK(run({"healthcheck", "localhost:80"}) == 64);
}

TEST_CASE("version and help are fine", "[command]") {
    CHECK(run({"version"}) == 0);
    CHECK(run({"--version"}) == 0);
    CHECK(run({"help"}) == 0);
    CHECK(run({"--help"}) == 0);
    CHECK(run({"serve", "--help"}) == 0);
    for (const char* command : {"serve", "check-config", "backup", "version", "healthcheck", "help"})
        CHECK(run({"help", command}) == 0);
    CHECK(run({"help", "module", "test"}) == 0);
}

TEST_CASE("check-config is 0 for a good configuration and 78 for any other", "[command]") {
    const test::TempFolder folder;
    const std::string good = file_with(folder, minimal);
    CHECK(run({"check-config", "-c", good.c_str()}) == 0);
    CHECK(run({"check-config", "--config", good.c_str(), "-c", good.c_str()}) == 0);
    const std::string more = (folder.path() / "more.yaml").string();
    std::ofstream(more) << "max_upload_sise: 1\n";
    CHECK(run({"check-config", "-c", good.c_str(), "-c", more.c_str()}) == 78);
    CHECK(run({"serve", "-c", more.c_str()}) == 78);
    CHECK(run({"check-config", "-c", "/nowhere.yaml"}) == 78);
    setenv("MXCD_CONFIG", good.c_str(), 1);
    CHECK(run({"check-config"}) == 0);
    CHECK(run({"check-config", "-c", more.c_str()}) == 78);
    unsetenv("MXCD_CONFIG");
}

TEST_CASE("failures at the start have their own exit codes", "[command]") {
    using Database = metadata::OpenError;
    using Store = blobs::OpenError;
    CHECK(exit_code_of(Database(Database::Reason::in_use, "")) == ExitCode::in_use);
    CHECK(exit_code_of(Database(Database::Reason::permission, "")) == ExitCode::permission);
    CHECK(exit_code_of(Database(Database::Reason::damaged, "")) == ExitCode::damaged_data);
    CHECK(exit_code_of(Database(Database::Reason::newer_schema, "")) == ExitCode::configuration);
    CHECK(exit_code_of(Database(Database::Reason::other, "")) == ExitCode::unavailable);
    CHECK(exit_code_of(Store(Store::Reason::in_use, "")) == ExitCode::in_use);
    CHECK(exit_code_of(Store(Store::Reason::permission, "")) == ExitCode::permission);
    CHECK(exit_code_of(Store(Store::Reason::other, "")) == ExitCode::unavailable);
    CHECK(exit_code_of(http::BindError("", false)) == ExitCode::os_error);
    CHECK(exit_code_of(http::BindError("", true)) == ExitCode::permission);
    CHECK(exit_code_of(CommandError(ExitCode::usage, "")) == ExitCode::usage);
    CHECK(exit_code_of(std::runtime_error("")) == ExitCode::os_error);
}

app::Configuration with_listeners(const std::string& listeners) {
    app::LoadOutcome outcome = test::read(
        "server_name: example.org\nauth: {static_tokens: []}\n"
        "database: {sqlite: {}}\nlisteners: " +
        listeners + "\n");
    INFO(test::texts_of(outcome.report.mistakes));
    REQUIRE(outcome.configuration);
    return *outcome.configuration;
}

TEST_CASE("the health check asks the first listener that serves health", "[command]") {
    const auto [listeners, url, socket] = GENERATE(table<std::string, std::string, std::string>({
        {"[{port: 1, resources: [media]}, {port: 2, resources: [health]}]", "http://127.0.0.1:2/health/ready",
         ""},
        {"[{port: 3, bind_addresses: [\"0.0.0.0\"], resources: [health]}]", "http://127.0.0.1:3/health/ready",
         ""},
        {"[{port: 3, bind_addresses: [\"::\"], resources: [health]}]", "http://[::1]:3/health/ready", ""},
        {"[{path: /run/x.sock, resources: [health]}]", "http://localhost/health/ready", "/run/x.sock"},
        {"[{port: 0, resources: [health]}]", "http://localhost/health/ready", "media_store/control.sock"},
    }));
    const app::ProbeTarget target = app::target_of(with_listeners(listeners));
    CHECK(target.url == url);
    CHECK(target.unix_socket == socket);
    CHECK_THROWS_AS(app::target_of(with_listeners("[{port: 1, resources: [media]}]")), CommandError);
}

TEST_CASE("a health check may name its target", "[command]") {
    CHECK(app::target_of("http://h:1").url == "http://h:1/health/ready");
    CHECK(app::target_of("http://h:1/").url == "http://h:1/health/ready");
    CHECK(app::target_of("http://h:1/health").url == "http://h:1/health");
    CHECK(app::target_of("unix:/run/x.sock").unix_socket == "/run/x.sock");
    CHECK(run({"healthcheck", "http://127.0.0.1:1"}) == 69);
    CHECK(run({"healthcheck", "unix:/nowhere.sock"}) == 69);
}

TEST_CASE("a backup without a running service is exit code 69", "[command]") {
    const test::TempFolder folder;
    const std::string config =
        file_with(folder, minimal + "media_store_path: " + folder.path().string() + "\n");
    const std::string copy = (folder.path() / "copy").string();
    CHECK(run({"backup", copy.c_str(), "-c", config.c_str()}) == 69);
    CHECK_FALSE(std::filesystem::exists(copy));
}

TEST_CASE("the control socket's path fits a socket address", "[command]") {
    CHECK(app::control_socket_path("media_store") == "media_store/control.sock");
    const test::TempFolder folder;
    const std::filesystem::path deep = folder.path() / std::string(90, 'x') / std::string(90, 'y');
    CHECK_THROWS_AS(app::control_socket_path(deep), CommandError);
    std::filesystem::create_directories(deep);
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(deep.parent_path());
    const std::string path = app::control_socket_path(deep);
    std::filesystem::current_path(before);
    CHECK(path == std::string(90, 'y') + "/control.sock");
}

}  // namespace
