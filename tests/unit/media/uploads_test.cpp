#include "mxcd/media/uploads.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/hash.hpp"
#include "mxcd/media/downloads.hpp"

#include "upload_house.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>

using namespace mxcd;
using namespace mxcd::test;

namespace {

matrix::Error refusal_of(UploadHouse& house, async::ByteSource& body,
                         std::optional<base::ByteCount> declared) {
    try {
        house.runner.run(house.open().store(house.request(body, declared)));
    } catch (const matrix::Error& error) {
        return error;
    }
    FAIL("the upload was not refused");
    std::abort();
}

}  // namespace

TEST_CASE("a small upload lives in its row, and a larger one in the blob store") {
    UploadHouse house;
    const std::size_t size = GENERATE(0U, 1U, 1023U, 1024U, 1025U, 300'000U);
    const matrix::MediaId id = house.upload(size);
    const media::MediaRecord record = house.metadata.records().at(0);
    const std::string body(size, '0');
    CHECK(record.id == id);
    CHECK(record.owner == user());
    CHECK(record.content_type == "text/plain");
    CHECK(record.file_name == "notes.txt");
    CHECK(record.size.value() == static_cast<std::int64_t>(size));
    CHECK(record.blob.sha256 == base::sha256(body));
    CHECK(record.created_at == house.clock.now());
    REQUIRE((record.inline_body != nullptr) == (size <= 1024));
    if (record.inline_body) CHECK(*record.inline_body == body);
    CHECK(house.blobs.holds(record.blob) == (size > 1024));
    CHECK(house.metadata.reservations() == 0);
    CHECK(house.blobs.spool_count() == 0);
}

TEST_CASE("bytes arrive unchanged although every piece is overwritten by the next") {
    UploadHouse house;
    std::string bytes;
    for (int index = 0; index < 5000; ++index) bytes += std::to_string(index);
    const std::optional<base::ByteCount> declared =
        GENERATE(true, false) ? std::optional<base::ByteCount>(std::ssize(bytes)) : std::nullopt;
    house.policy.inline_body_max = GENERATE(0_B, 1_KiB, 1_MiB);
    ScriptedBody body(bytes, 700);
    house.runner.run(house.open().store(house.request(body, declared)));
    CHECK(house.metadata.records().at(0).blob.sha256 == base::sha256(bytes));
}

TEST_CASE("media IDs are 24 letters, and no two are the same") {
    UploadHouse house;
    const std::string first = house.upload(1).text();
    const std::string second = house.upload(1).text();
    CHECK(first != second);
    CHECK(first.size() == 24);
    CHECK(std::all_of(first.begin(), first.end(),
                      [](char c) { return std::isalpha(static_cast<unsigned char>(c)); }));
}

TEST_CASE("a declared size above the maximum is refused before modules and body") {
    UploadHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    house.use_modules({module});
    ScriptedBody body("x");
    const matrix::Error refusal = refusal_of(house, body, 1_MiB + 1_B);
    CHECK(refusal.status() == 413);
    CHECK(refusal.errcode() == "M_TOO_LARGE");
    CHECK(std::string(refusal.what()) == "Upload request body is too large");
    CHECK(body.reads() == 0);
    CHECK(module->asked().empty());
    CHECK(house.is_untouched());
    CHECK(house.metrics.value("mxcd_upload_refusals_total{reason=too_large}") == 1);
}

TEST_CASE("a declared size of exactly the maximum is taken") {
    UploadHouse house;
    house.upload(1024 * 1024);
    CHECK(house.metadata.records().size() == 1);
}

TEST_CASE("a full disk refuses before modules and body, but after the maximum size") {
    UploadHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    house.use_modules({module});
    house.blobs.set_has_room(false);
    ScriptedBody body("x");
    const std::optional<base::ByteCount> declared =
        GENERATE(true, false) ? std::optional(1_B) : std::optional<base::ByteCount>();
    const matrix::Error refusal = refusal_of(house, body, declared);
    CHECK(refusal.status() == 507);
    CHECK(refusal.errcode() == "M_UNKNOWN");
    CHECK(body.reads() == 0);
    CHECK(module->asked().empty());
    CHECK(house.metrics.value("mxcd_upload_refusals_total{reason=no_space}") == 1);
    CHECK(refusal_of(house, body, 1_MiB + 1_B).status() == 413);
}

TEST_CASE("a module is asked with the full user ID and the declared size, and its yes lets the upload pass") {
    UploadHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    house.use_modules({module});
    house.upload(67);
    const std::vector<media::UploadFacts> asked = module->uploads();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].user == user());
    CHECK(asked[0].size == 67_B);
    CHECK(asked[0].declared_type == "text/plain");
}

TEST_CASE("a module's no is 413 before the body, and the limits are not asked for") {
    UploadHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    module->allows = false;
    house.use_modules({module});
    ScriptedBody body("x");
    const matrix::Error refusal = refusal_of(house, body, 1_B);
    CHECK(refusal.status() == 413);
    CHECK(refusal.errcode() == "M_TOO_LARGE");
    CHECK(body.reads() == 0);
    CHECK(module->asked() == std::vector<std::string>{"allowed"});
    CHECK(house.is_untouched());
    CHECK(house.metrics.value("mxcd_upload_refusals_total{reason=module}") == 1);
}

namespace {

/// Gives its permission only once it has been asked for the limits.
class LimitsFirst final : public media::MediaModule {
  public:
    std::atomic<bool> is_asked_for_limits = false;
    async::Task<bool> is_upload_allowed(media::UploadFacts) override {
        while (!is_asked_for_limits) co_await async::asio::post(async::use_task);
        co_return true;
    }
    async::Task<std::optional<std::vector<media::UploadLimit>>> upload_limits(matrix::UserId,
                                                                              base::ByteCount) override {
        is_asked_for_limits = true;
        co_return std::vector{limit(day, 10)};
    }
};

}  // namespace

TEST_CASE("permission and limits are asked for together where that takes time") {
    UploadHouse house;
    house.policy.modules = std::make_shared<media::ModuleChain>(
        std::vector<media::ChainEntry>{{"m", std::make_shared<LimitsFirst>()}}, house.runner.group(),
        house.metrics);
    CHECK_NOTHROW(house.upload(10));
    CHECK_THROWS_AS(house.upload(1), media::UploadLimitExceeded);
}

TEST_CASE("whoever is refused does not wait for limits that are late") {
    UploadHouse house;
    const auto refusing = std::make_shared<ScriptedModule>();
    refusing->allows = false;
    const auto hanging = std::make_shared<ScriptedModule>();
    hanging->at_once = false;
    hanging->mood = Mood::hangs;
    house.use_modules({refusing, hanging}, media::OnError::deny, 1h);
    CHECK_THROWS_AS(house.upload(1), matrix::Error);
    CHECK(house.is_untouched());
}

TEST_CASE("a file that a module rejects leaves nothing, and the module saw all of it") {
    UploadHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    module->looks_at_files = true;
    module->verdict = media::FileRejected{matrix::Error(matrix::ErrorCode::forbidden, "not here")};
    house.use_modules({module});
    const std::size_t size = GENERATE(100U, 200'000U);
    MemoryBody body(std::string(size, 'x'));
    const matrix::Error refusal = refusal_of(house, body, base::ByteCount(static_cast<std::int64_t>(size)));
    CHECK(refusal.status() == 403);
    const media::FileFacts seen = module->files().at(0);
    CHECK(bytes_of(seen.file) == std::string(size, 'x'));
    CHECK(::write(seen.file.file->get(), "y", 1) == -1);
    CHECK(seen.sniffed_type == "text/plain");
    CHECK(seen.upload.declared_type == "text/plain");
    CHECK(seen.upload.file_name == "notes.txt");
    CHECK(seen.upload.size.value() == static_cast<std::int64_t>(size));
    CHECK(seen.media.text().size() == 24);
    CHECK(module->files().at(0).blob.sha256 == base::sha256(std::string(size, 'x')));
    CHECK(house.is_untouched());
    CHECK(house.sent() == 0_B);
    CHECK(house.metrics.value("mxcd_upload_refusals_total{reason=file}") == 1);
}

TEST_CASE("a file that a module quarantines is stored, charged and told, and not served") {
    UploadHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    module->looks_at_files = true;
    module->verdict = media::FileQuarantined{};
    house.use_modules({module});
    const std::size_t size = GENERATE(100U, 200'000U);
    const matrix::MediaId id = house.upload(size);
    REQUIRE(house.metadata.records().size() == 1);
    CHECK(house.metadata.records().at(0).quarantined_by == "m1");
    CHECK(house.sent().value() == static_cast<std::int64_t>(size));
    CHECK(house.metrics.value("mxcd_uploads_quarantined_total") == 1);
    CHECK(eventually([&] { return module->uploaded().size() == 1; }));
    media::Downloads downloads(house.metadata, house.blobs, house.metrics);
    CHECK_FALSE(house.runner.run(downloads.open(id)));
    CHECK_FALSE(house.runner.run(downloads.open(id)));  // the second time from the cache
}

TEST_CASE("a file whose type cannot be told is checked all the same") {
    UploadHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    module->looks_at_files = true;
    house.use_modules({module});
    house.sniffer.is_broken = true;
    house.upload(100);
    CHECK(module->files().at(0).sniffed_type == std::nullopt);
}

TEST_CASE("files that no module looks at are not opened for it") {
    UploadHouse house;
    house.use_modules({std::make_shared<ScriptedModule>()});
    house.sniffer.is_broken = true;
    CHECK_NOTHROW(house.upload(2000));
}

TEST_CASE("modules hear of stored media afterwards, and their failures change nothing") {
    UploadHouse house;
    const auto broken = std::make_shared<ScriptedModule>();
    const auto listener = std::make_shared<ScriptedModule>();
    house.use_modules({broken, listener}, media::OnError::allow);
    broken->mood = Mood::fails;
    const matrix::MediaId id = house.upload(2000);
    REQUIRE(eventually([&] { return listener->uploaded().size() == 1; }));
    CHECK(listener->uploaded().at(0).media == id);
    CHECK(listener->uploaded().at(0).user == user());
    CHECK(listener->uploaded().at(0).size == 2000_B);
}

TEST_CASE("a new policy counts from the next upload on") {
    UploadHouse house;
    house.upload(10);
    house.policy.max_upload_size = 5_B;
    house.open().reconfigure(house.policy);
    CHECK_THROWS_AS(house.upload(10), matrix::Error);
    CHECK(house.open().policy()->max_upload_size == 5_B);
}

TEST_CASE("stored uploads are counted") {
    UploadHouse house;
    house.upload(10);
    house.upload(2000);
    CHECK(house.metrics.value("mxcd_uploads_total") == 2);
    CHECK(house.metrics.value("mxcd_upload_bytes_total") == 2010);
    CHECK(house.metrics.value("mxcd_uploads_in_flight") == 0);
    CHECK(house.metrics.value("mxcd_upload_duration_seconds") == 2);
}
