#include "mxcd/base/errors.hpp"
#include "mxcd/base/memory_file.hpp"
#include "mxcd/modules/builtin.hpp"
#include "mxcd/modules/type_sniffer.hpp"

#include "support/catch.hpp"
#include "support/run_task.hpp"

#include <cstdlib>
#include <utility>

using namespace mxcd;
using namespace mxcd::test;
using namespace mxcd::base::literals;
using modules::MimePolicyConfig;

namespace {

const std::string png_head("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89",
                           33);
const std::string gif_head("GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!", 20);
const std::string elf_head(
    "\x7f"
    "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0\0\x10\0\0\0\0\0\0"
    "@\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0@\0\x38\0\0\0@\0\0\0\0\0",
    64);
const std::string html_text = "<!DOCTYPE html>\n<html><head><script>alert(1)</script></head></html>\n";
const std::string plain_text = "Just a few words, nothing else.\n";

struct Policy {
    Policy(MimePolicyConfig::Check check, std::vector<std::string> allow, std::vector<std::string> deny)
        : module(modules::make_mime_policy({check, std::move(allow), std::move(deny)})) {}

    static media::UploadFacts upload(const std::string& declared) {
        return {matrix::UserId::parse("@a:b").value(), 10_B, declared, std::nullopt};
    }
    bool allows_declared(const std::string& declared) {
        try {
            return runner.run(module->is_upload_allowed(upload(declared)));
        } catch (const matrix::Error& refusal) {
            require_forbidden(refusal);
            return false;
        }
    }
    bool allows_file(const std::string& head) {
        const media::OpenBlob file{std::make_shared<const base::UniqueFd>(base::memory_file("test", head)),
                                   base::ByteCount(static_cast<std::int64_t>(head.size()))};
        return allows_file_of_type(file, runner.run(sniffer->type_of(file)));
    }
    bool allows_file_of_type(const media::OpenBlob& file, std::optional<std::string> type) {
        media::FileFacts facts{
            upload("image/png"), matrix::MediaId::parse("m").value(), {}, std::move(type), file};
        const media::FileVerdict verdict = runner.run(module->check_file(std::move(facts)));
        if (const auto* const rejected = std::get_if<media::FileRejected>(&verdict))
            require_forbidden(rejected->error);
        return std::holds_alternative<media::FileAllowed>(verdict);
    }
    static void require_forbidden(const matrix::Error& refusal) {
        CHECK(refusal.status() == 403);
        CHECK(refusal.errcode() == "M_FORBIDDEN");
        CHECK(std::string(refusal.what()) == "This type of file is not allowed here");
    }

    TaskRunner runner;  // above the workers, who post to it
    async::WorkerPool workers{{"test", 2, 16, 0}};
    std::unique_ptr<media::TypeSniffer> sniffer = modules::make_type_sniffer(workers);
    std::shared_ptr<media::MediaModule> module;
};

constexpr auto declared = MimePolicyConfig::Check::declared;
constexpr auto sniffed = MimePolicyConfig::Check::sniffed;

}  // namespace

TEST_CASE("an empty allow list welcomes every declared type that is not denied") {
    Policy policy(declared, {}, {"text/html", "application/*"});
    CHECK(policy.allows_declared("image/png"));
    CHECK_FALSE(policy.allows_declared("text/html"));
    CHECK_FALSE(policy.allows_declared("TEXT/HTML; charset=x"));
    CHECK_FALSE(policy.allows_declared("application/pdf"));
    CHECK_FALSE(policy.module->checks_files());
    CHECK(policy.module->answers_at_once());
}

TEST_CASE("row 50: an allow list welcomes nothing else, and deny wins over it") {
    Policy policy(declared, {"image/*", "Text/Plain"}, {"image/svg+xml"});
    CHECK(policy.allows_declared("image/png"));
    CHECK(policy.allows_declared("text/plain"));
    CHECK_FALSE(policy.allows_declared("image/svg+xml"));
    CHECK_FALSE(policy.allows_declared("video/mp4"));
}

TEST_CASE("a missing or malformed declared type counts as application/octet-stream") {
    const std::string type = GENERATE(as<std::string>(), "", "nonsense", "image/png x");
    CHECK(Policy(declared, {"application/octet-stream"}, {}).allows_declared(type));
    CHECK_FALSE(Policy(declared, {}, {"application/octet-stream"}).allows_declared(type));
}

TEST_CASE("sniffing looks at the bytes, not at what was declared") {
    Policy policy(sniffed, {"image/*"}, {"image/gif"});
    CHECK(policy.module->checks_files());
    CHECK(policy.allows_declared("text/html"));
    CHECK(policy.allows_file(png_head));
    CHECK_FALSE(policy.allows_file(gif_head));
    CHECK_FALSE(policy.allows_file(html_text));
    CHECK_FALSE(policy.allows_file(elf_head));
    CHECK_FALSE(policy.allows_file(plain_text));
    CHECK_FALSE(policy.allows_file(""));
}

TEST_CASE("sniffing knows pages, programs and plain text") {
    CHECK_FALSE(Policy(sniffed, {}, {"text/html"}).allows_file(html_text));
    CHECK(Policy(sniffed, {}, {"text/html"}).allows_file(plain_text));
    CHECK(Policy(sniffed, {"text/plain"}, {}).allows_file(plain_text));
    CHECK_FALSE(Policy(sniffed, {}, {"application/x-*"}).allows_file(elf_head));
}

TEST_CASE("a file whose type nobody can tell is a failure, not a verdict") {
    Policy policy(sniffed, {}, {"text/html"});
    CHECK_THROWS_AS(policy.allows_file_of_type({}, std::nullopt), std::runtime_error);
}

TEST_CASE("many files are sniffed at the same time") {
    Policy policy(sniffed, {"image/png"}, {});
    for (int round = 0; round < 200; ++round) {
        CHECK(policy.allows_file(png_head));
        CHECK_FALSE(policy.allows_file(html_text));
    }
}

TEST_CASE("sniffing without libmagic's database does not start") {
    REQUIRE(::setenv("MAGIC", "/nonexistent/magic.mgc", 1) == 0);
    async::WorkerPool workers({"test", 1, 16, 0});
    const MimePolicyConfig config{sniffed, {}, {}};
    CHECK_THROWS_AS(modules::make_mime_policy(config), std::runtime_error);
    const media::OpenBlob file{std::make_shared<const base::UniqueFd>(base::memory_file("test", "x")), 1_B};
    TaskRunner runner;
    CHECK_THROWS_AS(runner.run(modules::make_type_sniffer(workers)->type_of(file)), base::StorageError);
    REQUIRE(::unsetenv("MAGIC") == 0);
    CHECK_NOTHROW(modules::make_mime_policy(config));
}
