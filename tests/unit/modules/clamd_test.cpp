#include "mxcd/base/errors.hpp"
#include "mxcd/media/module_chain.hpp"
#include "mxcd/modules/builtin.hpp"

#include "fake_clamd.hpp"
#include "support/catch.hpp"
#include "support/file_facts.hpp"
#include "support/memory_metrics.hpp"
#include "support/run_task.hpp"
#include "support/temp_folder.hpp"

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;
using modules::ClamdConfig;

namespace {

struct Scanned {
    explicit Scanned(const std::string& socket) { config.socket = socket; }

    /// "allowed", "403 M_FORBIDDEN", "quarantined", or "failed".
    std::string check(const std::string& bytes) {
        const auto module = modules::make_clamd(config, workers);
        try {
            const media::FileVerdict verdict = runner.run(module->check_file(file_of(bytes)));
            if (const auto* const rejected = std::get_if<media::FileRejected>(&verdict))
                return std::to_string(rejected->error.status()) + " " + rejected->error.errcode();
            return std::holds_alternative<media::FileAllowed>(verdict) ? "allowed" : "quarantined";
        } catch (const base::UpstreamError&) {
            return "failed";
        }
    }

    ClamdConfig config;
    TaskRunner runner;  // above the workers, who post to it
    async::WorkerPool workers{{"test", 2, 16, 0}};
};

}  // namespace

TEST_CASE("clamd sees every byte of a file and its finding counts") {
    const TempFolder folder;
    const std::string path = (folder.path() / "clamd.ctl").string();
    const bool is_local = GENERATE(true, false);
    FakeClamd clamd(is_local ? path : std::string());
    Scanned scanned(clamd.address());
    CHECK(scanned.check("a harmless text") == "allowed");
    CHECK(scanned.check("") == "allowed");
    CHECK(scanned.check("an " + FakeClamd::virus + " inside") == "403 M_FORBIDDEN");
    const std::string large(3'000'000, 'x');
    CHECK(scanned.check(large) == "allowed");
    CHECK(clamd.seen().back() == large);
    CHECK(scanned.check(large + FakeClamd::virus) == "403 M_FORBIDDEN");
    scanned.config.infected = ClamdConfig::Infected::quarantine;
    CHECK(scanned.check(FakeClamd::virus) == "quarantined");
}

TEST_CASE("a file that cannot be checked is a failure, whatever the reason") {
    FakeClamd clamd;
    Scanned scanned(clamd.address());
    SECTION("clamd says that it failed") {
        clamd.reply_with("INSTREAM size limit exceeded. ERROR");
        CHECK(scanned.check("x") == "failed");
    }
    SECTION("clamd says something unknown") {
        clamd.reply_with("stream: PERHAPS");
        CHECK(scanned.check("x") == "failed");
    }
    SECTION("clamd talks without end") {
        clamd.reply_with(std::string(100'000, 'x'));
        CHECK(scanned.check("x") == "failed");
    }
    SECTION("clamd hangs up") {
        clamd.reply_with("");
        CHECK(scanned.check("x") == "failed");
    }
    SECTION("clamd is silent") {
        clamd.stay_silent();
        scanned.config.timeout = 100ms;
        const auto begun = std::chrono::steady_clock::now();
        CHECK(scanned.check("x") == "failed");
        CHECK(std::chrono::steady_clock::now() - begun < 2s);
    }
    SECTION("the file is larger than max_size") {
        scanned.config.max_size = base::ByteCount(3);
        CHECK(scanned.check("1234") == "failed");
        CHECK(scanned.check("123") == "allowed");
        CHECK(clamd.seen().size() == 1);
    }
    SECTION("clamd is not there") {
        clamd.stop();
        CHECK(scanned.check("x") == "failed");
    }
}

TEST_CASE("a clamd that fails denies or allows, as its on_error says") {
    FakeClamd clamd;
    clamd.reply_with("out of order ERROR");
    Scanned scanned(clamd.address());
    const auto module = modules::make_clamd(scanned.config, scanned.workers);
    const media::OnError on_error = GENERATE(media::OnError::deny, media::OnError::allow);
    MemoryMetrics metrics;
    const media::ModuleChain chain({{"clamd", module, 5s, on_error}}, scanned.runner.group(), metrics);
    const media::FileFacts file = file_of("x");
    if (on_error == media::OnError::allow)
        CHECK_NOTHROW(scanned.runner.run(chain.require_file_allowed(file)));
    else
        CHECK_THROWS_AS(scanned.runner.run(chain.require_file_allowed(file)), matrix::Error);
    CHECK(chain.degraded() == std::vector<std::string>{"clamd"});
}

TEST_CASE("clamd's address is a path, or an IP address with a port") {
    for (const char* good : {"/run/clamav/clamd.ctl", "127.0.0.1:3310", "[::1]:3310"})
        CHECK(modules::is_clamd_address(good));
    const std::string long_path = "/" + std::string(200, 'x');
    for (const std::string& bad :
         {std::string(), std::string("clamd.example.org:3310"), std::string("127.0.0.1"),
          std::string("127.0.0.1:0"), std::string("127.0.0.1:99999"), long_path})
        CHECK_FALSE(modules::is_clamd_address(bad));
}
