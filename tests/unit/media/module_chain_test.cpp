#include "mxcd/media/module_chain.hpp"

#include "upload_house.hpp"

using namespace mxcd;
using namespace mxcd::test;
using media::ChainEntry;
using media::ModuleChain;
using media::OnError;

namespace {

media::UploadFacts facts(std::int64_t size = 67) {
    return media::UploadFacts{user(), base::ByteCount(size), "text/plain", "a.txt"};
}

media::FileFacts file() {
    return media::FileFacts{facts(), matrix::MediaId::parse("abc").value(), {}, "text/plain", {}};
}

/// A chain of scripted modules.
struct Links {
    MemoryMetrics metrics;
    TaskRunner runner;
    std::vector<std::shared_ptr<ScriptedModule>> modules;
    std::chrono::milliseconds timeout = 5s;
    OnError on_error = OnError::deny;
    std::optional<ModuleChain> chain;

    explicit Links(std::size_t count, bool at_once = true) {
        for (std::size_t index = 0; index < count; ++index) {
            modules.push_back(std::make_shared<ScriptedModule>());
            modules.back()->at_once = at_once;
        }
    }

    ModuleChain& open() {
        std::vector<ChainEntry> entries;
        for (const auto& module : modules)
            entries.push_back({"m" + std::to_string(entries.size() + 1), module, timeout, on_error});
        if (!chain) chain.emplace(std::move(entries), runner.group(), metrics);
        return *chain;
    }

    std::optional<matrix::Json> config() {
        const matrix::UserId asker = user();
        return runner.run(open().media_config(asker));
    }
    std::optional<std::vector<media::UploadLimit>> limits() {
        const matrix::UserId asker = user();
        return runner.run(open().upload_limits(asker, 67_B));
    }
    void require_upload_allowed() {
        const media::UploadFacts upload = facts();
        runner.run(open().require_upload_allowed(upload));
    }
    std::optional<std::string> quarantining_module() {
        const media::FileFacts spooled = file();
        return runner.run(open().require_file_allowed(spooled));
    }
    void require_file_allowed() {
        const std::optional<std::string> module = quarantining_module();
        CHECK_FALSE(module);
    }
    /// Makes every module misbehave so, and be given up after a moment.
    void set_mood(Mood mood) {
        timeout = 20ms;
        for (const auto& module : modules) module->mood = mood;
    }
};

/// Status and errcode of the matrix::Error that `call` throws, or 0.
template <class Call>
matrix::Error error_of(Call call) {
    try {
        call();
    } catch (const matrix::Error& error) {
        return error;
    }
    FAIL("nothing was thrown");
    std::abort();
}

}  // namespace

TEST_CASE("without modules nothing is answered and everything is allowed") {
    Links links(0);
    CHECK_FALSE(links.config());
    CHECK_FALSE(links.limits());
    CHECK_NOTHROW(links.require_upload_allowed());
    CHECK_FALSE(links.open().checks_files());
    CHECK(links.open().degraded().empty());
}

TEST_CASE("the first config that is not none is the answer, and later modules are not asked") {
    const bool at_once = GENERATE(true, false);
    Links links(3, at_once);
    links.modules[1]->config = matrix::Json{{"m.upload.size", 1024}, {"user_id", "x"}};
    links.modules[2]->config = matrix::Json{{"m.upload.size", 1}};
    CHECK(links.config().value() == matrix::Json{{"m.upload.size", 1024}, {"user_id", "x"}});
    CHECK(links.modules[0]->asked() == std::vector<std::string>{"config @alice:example.org"});
    CHECK(links.modules[2]->asked().empty());
}

TEST_CASE("an empty object is an answer of the config") {
    Links links(2);
    links.modules[0]->config = matrix::Json::object();
    links.modules[1]->config = matrix::Json{{"m.upload.size", 1}};
    CHECK(links.config().value() == matrix::Json::object());
}

TEST_CASE("a config that is no object is a failure of the module") {
    Links links(2);
    links.modules[0]->config = GENERATE(matrix::Json(nullptr), matrix::Json(7), matrix::Json::array());
    links.modules[1]->config = matrix::Json::object();
    CHECK_FALSE(links.config());
    CHECK(links.open().degraded() == std::vector<std::string>{"m1"});
}

TEST_CASE("the first limits that are not none win, and an empty list is an answer") {
    Links links(3);
    links.modules[1]->limits.emplace();
    links.modules[2]->limits = {limit(day, 1)};
    const std::optional<std::vector<media::UploadLimit>> limits = links.limits();
    REQUIRE(limits);
    CHECK(limits->empty());
    CHECK(links.modules[2]->asked().empty());
}

TEST_CASE("limits with negative figures are a failure of the module, never a limit") {
    Links links(2);
    links.modules[0]->limits = {GENERATE(limit(day, -1), limit(-1ms, 10))};
    links.modules[1]->limits.emplace();
    CHECK_FALSE(links.limits());
    CHECK(links.metrics.value(
              "mxcd_module_failures_total{module=m1,callback=get_media_upload_limits_for_user}") == 1);
}

TEST_CASE("all modules must allow an upload, and the first refusal ends the asking") {
    const bool at_once = GENERATE(true, false);
    Links links(3, at_once);
    CHECK_NOTHROW(links.require_upload_allowed());
    CHECK(links.modules[2]->uploads().size() == 1);
    CHECK(links.modules[2]->uploads().at(0).size == 67_B);
    CHECK(links.modules[2]->uploads().at(0).user == user());

    links.modules[1]->allows = false;
    const matrix::Error refusal = error_of([&] { links.require_upload_allowed(); });
    CHECK(refusal.status() == 413);
    CHECK(refusal.errcode() == "M_TOO_LARGE");
    CHECK(std::string(refusal.what()) == "Upload request body is too large");
    CHECK(links.modules[2]->uploads().size() == 1);
    CHECK(links.open().degraded().empty());
}

TEST_CASE("a module that fails or is late denies an upload with 503 and Retry-After, unless it may not") {
    const Mood mood = GENERATE(Mood::fails, Mood::hangs);
    Links links(2, false);
    links.set_mood(mood);
    links.modules[1]->mood = Mood::answers;

    SECTION("deny") {
        const matrix::Error refusal = error_of([&] { links.require_upload_allowed(); });
        CHECK(refusal.status() == 503);
        CHECK(refusal.errcode() == "M_UNKNOWN");
        CHECK(refusal.retry_after());
        CHECK(links.modules[1]->asked().empty());
    }
    SECTION("allow") {
        links.on_error = OnError::allow;
        CHECK_NOTHROW(links.require_upload_allowed());
        CHECK(links.modules[1]->asked() == std::vector<std::string>{"allowed"});
    }
    CHECK(links.open().degraded() == std::vector<std::string>{"m1"});
    CHECK(links.metrics.value(
              "mxcd_module_failures_total{module=m1,callback=is_user_allowed_to_upload_media_of_size}") == 1);
}

TEST_CASE("a module that fails or is late on config or limits leaves the configured ones in force") {
    const Mood mood = GENERATE(Mood::fails, Mood::hangs);
    const OnError on_error = GENERATE(OnError::deny, OnError::allow);
    Links links(2, false);
    links.set_mood(mood);
    links.on_error = on_error;
    links.modules[1]->mood = Mood::answers;
    links.modules[1]->config = matrix::Json::object();
    links.modules[1]->limits.emplace();
    CHECK_FALSE(links.config());
    CHECK_FALSE(links.limits());
    CHECK(links.modules[1]->asked().empty());
}

TEST_CASE("a module that answers again is no longer degraded") {
    Links links(1);
    links.modules[0]->mood = Mood::fails;
    CHECK_FALSE(links.config());
    CHECK(links.open().degraded() == std::vector<std::string>{"m1"});
    links.modules[0]->mood = Mood::answers;
    CHECK_FALSE(links.config());
    CHECK(links.open().degraded().empty());
}

TEST_CASE("a Matrix error of a module's own ends the request as it is, whatever on_error says") {
    const bool at_once = GENERATE(true, false);
    Links links(2, at_once);
    links.modules[0]->mood = Mood::refuses;
    links.modules[0]->looks_at_files = true;
    links.on_error = GENERATE(OnError::deny, OnError::allow);
    const auto ask = GENERATE(&Links::require_upload_allowed, &Links::require_file_allowed);

    const matrix::Error error = error_of([&] { (links.*ask)(); });
    CHECK(error.status() == 451);
    CHECK(error.errcode() == "ORG_EXAMPLE_NO");
    CHECK(error_of([&] { links.config(); }).status() == 451);
    CHECK(error_of([&] { links.limits(); }).status() == 451);
    CHECK(links.modules[1]->asked().empty());
    CHECK(links.open().degraded().empty());
}

TEST_CASE("files are shown to the modules that look at files, and the first refusal ends it") {
    Links links(3);
    CHECK_FALSE(links.open().checks_files());
    links.modules[1]->looks_at_files = true;
    CHECK(links.open().checks_files());
    CHECK_NOTHROW(links.require_file_allowed());
    CHECK(links.modules[0]->files().empty());
    CHECK(links.modules[1]->files().at(0).sniffed_type == "text/plain");

    links.modules[2]->looks_at_files = true;
    links.modules[1]->verdict = media::FileRejected{matrix::Error(matrix::ErrorCode::forbidden, "not this")};
    const matrix::Error refusal = error_of([&] { links.require_file_allowed(); });
    CHECK(refusal.status() == 403);
    CHECK(links.modules[2]->files().empty());
}

TEST_CASE("the first verdict on a file that is not allow wins, a quarantine too") {
    Links links(3);
    for (const auto& module : links.modules) module->looks_at_files = true;
    links.modules[1]->verdict = media::FileQuarantined{};
    links.modules[2]->verdict = media::FileRejected{matrix::Error(matrix::ErrorCode::forbidden, "not this")};
    CHECK(links.quarantining_module() == "m2");
    CHECK(links.modules[0]->files().size() == 1);
    CHECK(links.modules[2]->files().empty());
}

TEST_CASE("everybody is told of deleted media, whatever the others do") {
    Links links(3, false);
    links.modules[0]->mood = Mood::fails;
    links.open().tell_media_deleted(links.runner.executor(), matrix::MediaId::parse("abc").value());
    for (const auto& module : links.modules)
        CHECK(eventually([&] { return module->asked() == std::vector<std::string>{"deleted abc"}; }));
    CHECK(eventually([&] {
        return links.metrics.value("mxcd_module_failures_total{module=m1,callback=on_media_deleted}") == 1;
    }));
}

TEST_CASE("a module that fails or is late on a file denies it, unless it may not") {
    const Mood mood = GENERATE(Mood::fails, Mood::hangs);
    // Looking at a file has a deadline also for modules that answer everything else at once.
    Links links(1, GENERATE(true, false));
    links.set_mood(mood);
    links.modules[0]->looks_at_files = true;
    SECTION("deny") {
        CHECK(error_of([&] { links.require_file_allowed(); }).status() == 503);
    }
    SECTION("allow") {
        links.on_error = OnError::allow;
        CHECK_NOTHROW(links.require_file_allowed());
    }
}

TEST_CASE("the quotas of all modules apply") {
    Links links(3);
    links.modules[0]->quotas = {media::StorageQuota{10_B, std::nullopt}};
    links.modules[2]->quotas = {media::StorageQuota{std::nullopt, 3}};
    const matrix::UserId asker = user();
    const std::vector<media::StorageQuota> quotas = links.runner.run(links.open().storage_quotas(asker));
    CHECK(quotas ==
          std::vector{media::StorageQuota{10_B, std::nullopt}, media::StorageQuota{std::nullopt, 3}});
}

TEST_CASE("every module hears of a broken limit in its own copy, whatever the others do") {
    const Mood mood = GENERATE(Mood::fails, Mood::refuses, Mood::hangs);
    Links links(3, false);
    links.timeout = 20ms;
    links.modules[0]->mood = mood;
    ModuleChain& chain = links.open();
    {
        const media::LimitEvent event{user(), media::UploadLimit{day, 5000_B, "https://a.example/", true},
                                      3000_B, 4000_B};
        chain.tell_limit_exceeded(links.runner.executor(), event);
    }
    const std::string failures =
        "mxcd_module_failures_total{module=m1,callback=on_media_upload_limit_exceeded}";
    REQUIRE(eventually([&] { return links.metrics.value(failures) == 1; }));
    for (const auto& module : links.modules) {
        REQUIRE(eventually([&] { return module->events().size() == 1; }));
        const media::LimitEvent heard = module->events().at(0);
        CHECK(heard.user == user());
        CHECK(heard.limit == media::UploadLimit{day, 5000_B, "https://a.example/", true});
        CHECK(heard.sent == 3000_B);
        CHECK(heard.attempted == 4000_B);
    }
    CHECK(chain.degraded() == std::vector<std::string>{"m1"});
}

TEST_CASE("modules that are still being told when the chain is replaced stay alive until they are done") {
    Links links(1, false);
    links.modules[0]->mood = Mood::hangs;
    links.timeout = 20ms;
    links.open().tell_media_uploaded(links.runner.executor(), user(), matrix::MediaId::parse("abc").value(),
                                     5_B);
    links.chain.reset();
    const std::weak_ptr<ScriptedModule> module = links.modules[0];
    links.modules.clear();
    CHECK(eventually([&] {
        return links.metrics.value("mxcd_module_failures_total{module=m1,callback=on_media_uploaded}") == 1;
    }));
    CHECK_FALSE(module.expired());  // the call itself still hangs
}

TEST_CASE("a module that hangs does not collect calls without bound") {
    Links links(1, false);
    links.modules[0]->mood = Mood::hangs;
    links.timeout = 1h;
    ModuleChain& chain = links.open();
    for (int call = 0; call < 1100; ++call)
        chain.tell_media_uploaded(links.runner.executor(), user(), matrix::MediaId::parse("abc").value(),
                                  5_B);
    const std::string failures = "mxcd_module_failures_total{module=m1,callback=on_media_uploaded}";
    CHECK(eventually([&] { return links.metrics.value(failures) == 1100 - 1024; }));
    CHECK(links.modules[0]->uploaded().size() == 1024);
}

TEST_CASE("calls are timed per module and callback") {
    Links links(2);
    CHECK_FALSE(links.config());
    for (const std::string& name : {"m1", "m2"})
        CHECK(links.metrics.value("mxcd_module_call_duration_seconds{module=" + name +
                                  ",callback=get_media_config_for_user}") == 1);
}
