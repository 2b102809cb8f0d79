#include "mxcd/base/errors.hpp"

#include "library_house.hpp"
#include "support/file_facts.hpp"
#include "support/many_calls.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <future>
#include <stdexcept>
#include <thread>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;
using Trust = LibraryHouse::Trust;

namespace {

media::UploadFacts upload_of(std::int64_t size) {
    return {matrix::UserId::parse("@alice:example.org").value(), base::ByteCount(size), "text/plain",
            std::nullopt};
}

bool contains_call(const ModuleUnderTest& plugin, const Json& call) {
    const std::vector<Json> heard = plugin.heard();
    return std::find(heard.begin(), heard.end(), call) != heard.end();
}

Json script(const std::string& callback, Json behaviour) {
    if (behaviour.contains("value")) behaviour["text"] = matrix::to_text(behaviour.at("value"));
    return Json{{"script", {{callback, std::move(behaviour)}}}};
}

/// Why it does not load; empty when it does.
std::string reason_of(const std::function<void()>& load) {
    try {
        load();
    } catch (const modules::LoadError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("libraries inside the process keep to the table of scenarios, whenever they answer") {
    const std::string from = GENERATE("callback", "thread", "timer");
    LibraryHouse house(Trust::in_process);
    run_module_scenarios(house.kind(from));
}

TEST_CASE("libraries in child processes keep to the table of scenarios, whenever they answer") {
    const std::string from = GENERATE("callback", "thread");
    LibraryHouse house(Trust::none);
    run_module_scenarios(house.kind(from));
}

TEST_CASE("calls of libraries do not queue behind a slow one, whenever they answer") {
    const Trust trust = GENERATE(Trust::none, Trust::in_process);
    const std::string from = GENERATE("callback", "thread");
    TaskRunner runner;
    LibraryHouse house(trust);
    ManyCalls(house.kind(from), runner).check();
}

TEST_CASE("what is no plugin, or one of another version, is refused with a sentence") {
    const auto [plugin, sentence] = GENERATE(table<std::string, std::string>({
        {"missing", "it is no library: "},
        {"odd_plugin_1", "was built for version 2.0 of the plugin interface, and this mxcd has version 1.0"},
        {"odd_plugin_2", "is no plugin: its table says that it has 0 bytes"},
        {"odd_plugin_5", "is no plugin: it has no table of callbacks"},
        {"odd_plugin_6", "is no plugin: it does not export mxcd_plugin_entry"},
    }));
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    CHECK_THAT(reason_of([&, name = plugin] { house.make(name); }), contains(sentence));
}

TEST_CASE("a file that is no library is refused with a sentence") {
    const TempFolder folder;
    const std::filesystem::path path = folder.path() / "text.so";
    std::ofstream(path) << "not a library";
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    CHECK_THAT(reason_of([&] { house.make(path); }), contains("it is no library: "));
}

TEST_CASE("a plugin that does not start says why") {
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    CHECK(reason_of([&] { house.scripted({{"refuses_start", "there is no directory server"}}); }) ==
          "the module scripted_plugin cannot be loaded: there is no directory server");
    CHECK(reason_of([&] { house.scripted({{"refuses_start", ""}}); }) ==
          "the module scripted_plugin cannot be loaded: the plugin does not start, and does not say why");
}

TEST_CASE("a plugin of a later minor version runs, as far as it is known") {
    TaskRunner runner;
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    const auto module = house.make("odd_plugin_3");
    CHECK(runner.run(module->is_upload_allowed(upload_of(1))));
}

TEST_CASE("of what a plugin has no callback for it has no opinion") {
    TaskRunner runner;
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    const auto module = house.make("odd_plugin_7");
    const matrix::UserId user = upload_of(1).user;
    CHECK_FALSE(module->checks_files());
    CHECK(runner.run(module->is_upload_allowed(upload_of(1))));
    CHECK_FALSE(runner.run(module->media_config(user)));
    CHECK_FALSE(runner.run(module->upload_limits(user, base::ByteCount(1))));
}

TEST_CASE("an exception that leaves a callback is a failure of the plugin") {
    TaskRunner runner;
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    const auto module = house.make("odd_plugin_4");
    CHECK_THROWS_AS(runner.run(module->is_upload_allowed(upload_of(1))), base::UpstreamError);
}

TEST_CASE("only the first answer counts, and the plugin is told") {
    TaskRunner runner;
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    Json config = script(callback::allowed, {{"kind", "twice"}, {"value", true}});
    config["answers_from"] = GENERATE("callback", "thread");
    const ModuleUnderTest plugin = house.scripted(std::move(config));
    CHECK(runner.run(plugin.module->is_upload_allowed(upload_of(1))));
    CHECK(eventually([&] { return contains_call(plugin, {{"taken", {1, 0}}}); }));
}

TEST_CASE("an answer that comes too late does no harm, and the plugin is told") {
    TaskRunner runner;
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    const ModuleUnderTest plugin = house.scripted(
        script(callback::allowed, {{"kind", "late"}, {"value", true}, {"delay_ms", 200}}), 50ms);
    CHECK_THROWS_AS(runner.run(plugin.module->is_upload_allowed(upload_of(1))), base::UpstreamError);
    CHECK(eventually([&] { return contains_call(plugin, {{"taken", {0, 0}}}); }));
}

TEST_CASE("a call that is never answered ends with its deadline") {
    TaskRunner runner;
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    const ModuleUnderTest plugin = house.scripted(script(callback::allowed, {{"kind", "hangs"}}), 50ms);
    CHECK_THROWS_AS(runner.run(plugin.module->is_upload_allowed(upload_of(1))), base::UpstreamError);
}

TEST_CASE("an answer may come when its caller has been stopped") {
    LibraryHouse house(Trust::in_process);
    const ModuleUnderTest plugin =
        house.scripted(script(callback::deleted, {{"kind", "late"}, {"value", true}, {"delay_ms", 100}}));
    {
        TaskRunner runner;
        runner.group().spawn(runner.executor(),
                             plugin.module->media_deleted(matrix::MediaId::parse("abc").value()));
        CHECK(eventually([&] { return !plugin.heard().empty(); }));
        runner.group().cancel();
        CHECK(runner.group().wait_until_empty(5s));
    }
    CHECK(eventually([&] { return contains_call(plugin, {{"taken", {0, 0}}}); }));
}

TEST_CASE("many calls are under way at once, and a slow one holds up none of the others") {
    constexpr int count = 64;
    TaskRunner runner;
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    Json config = script(callback::allowed, {{"kind", "late"}, {"value", true}, {"delay_ms", 300}});
    config["script"][callback::config] = {{"value", Json::object()}, {"text", "{}"}};
    config["answers_from"] = "thread";
    const ModuleUnderTest plugin = house.scripted(std::move(config));
    const auto begun = std::chrono::steady_clock::now();
    std::vector<std::future<bool>> slow;
    for (int index = 0; index < count; ++index)
        slow.push_back(std::async(
            std::launch::async, [&] { return runner.run(plugin.module->is_upload_allowed(upload_of(1))); }));
    const matrix::UserId user = upload_of(1).user;
    for (int index = 0; index < count; ++index) CHECK(runner.run(plugin.module->media_config(user)));
    for (std::future<bool>& each : slow) CHECK(each.get());
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("a plugin reads the bytes of a file by a descriptor of its own") {
    TaskRunner runner;
    LibraryHouse house(GENERATE(Trust::in_process, Trust::none));
    const ModuleUnderTest plugin = house.scripted(Json::object());
    for (int round = 0; round < 3; ++round) {
        const media::FileVerdict verdict = runner.run(plugin.module->check_file(file_of("some bytes")));
        CHECK(std::holds_alternative<media::FileAllowed>(verdict));
    }
    for (const Json& call : plugin.heard()) CHECK(call.at("content") == "some bytes");
}

TEST_CASE("a plugin is stopped when its module goes, and its calls before that") {
    LibraryHouse house(Trust::in_process);
    ModuleUnderTest plugin = house.scripted(Json::object());
    plugin.module.reset();
    CHECK(eventually([&] { return contains_call(plugin, {{"callback", "stop"}}); }));
}

TEST_CASE("a plugin is stopped also when no worker is left for it") {
    LibraryHouse house(Trust::in_process);
    ModuleUnderTest plugin = house.scripted(Json::object());
    house.workers().stop();
    plugin.module.reset();
    CHECK(contains_call(plugin, {{"callback", "stop"}}));
}
