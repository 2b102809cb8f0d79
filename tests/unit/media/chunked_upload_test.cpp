#include "mxcd/base/errors.hpp"
#include "mxcd/base/hash.hpp"
#include "mxcd/media/uploads.hpp"

#include "upload_house.hpp"

using namespace mxcd;
using namespace mxcd::test;

TEST_CASE("a chunked body stays in memory up to the inline maximum and spills into the store beyond it") {
    UploadHouse house;
    const std::size_t size = GENERATE(0U, 1U, 1023U, 1024U, 1025U, 2048U, 50'000U);
    const std::size_t piece = GENERATE(1U, 700U, 1024U, 65'536U);
    if (size / piece > 10'000) return;
    house.upload_chunked(size, piece);
    const media::MediaRecord record = house.metadata.records().at(0);
    CHECK(record.size.value() == static_cast<std::int64_t>(size));
    CHECK(record.blob.sha256 == base::sha256(std::string(size, '0')));
    CHECK((record.inline_body != nullptr) == (size <= 1024));
    CHECK(house.blobs.blob_count() == (size <= 1024 ? 0 : 1));
    CHECK(house.metadata.reservations() == 0);
}

TEST_CASE("a chunked body of exactly the maximum is taken") {
    UploadHouse house;
    house.policy.max_upload_size = 4000_B;
    house.upload_chunked(4000, 999);
    CHECK(house.metadata.records().size() == 1);
}

TEST_CASE("a chunked body of one byte more than the maximum is refused") {
    UploadHouse house;
    house.policy.max_upload_size = 4000_B;
    CHECK_THROWS_AS(house.upload_chunked(4001, GENERATE(1U, 999U, 65'536U)), matrix::Error);
    CHECK(house.is_untouched());
}

TEST_CASE("row 43: a chunked body is refused the moment it passes the maximum, and nothing more is read") {
    UploadHouse house;
    house.policy.max_upload_size = 4000_B;
    ScriptedBody body(std::string(100'000, 'x'), 1000);
    try {
        house.runner.run(house.open().store(house.request(body, std::nullopt)));
        FAIL("the upload was not refused");
    } catch (const matrix::Error& refusal) {
        CHECK(refusal.status() == 413);
        CHECK(refusal.errcode() == "M_TOO_LARGE");
    }
    CHECK(body.reads() == 5);
    CHECK(house.is_untouched());
    CHECK(house.metrics.value("mxcd_upload_refusals_total{reason=too_large}") == 1);
}

TEST_CASE("a chunked body is not read when a window has no room for one byte") {
    UploadHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    if (GENERATE(true, false)) {
        module->limits = {limit(7 * day, 5000), limit(day, 100)};
    } else {
        house.policy.limits = {limit(7 * day, 5000), limit(day, 100)};
    }
    house.use_modules({module});
    house.upload(100);
    ScriptedBody body("x");
    try {
        static_cast<void>(house.runner.run(house.open().store(house.request(body, std::nullopt))));
        FAIL("was not refused");
    } catch (const media::UploadLimitExceeded& refused) {
        CHECK_FALSE(refused.attempted);
    }
    CHECK(body.reads() == 0);
    REQUIRE(eventually([&] { return module->events().size() == 1; }));
    CHECK(module->events().at(0).limit == limit(day, 100));
    CHECK(module->events().at(0).attempted == 1_B);
}

TEST_CASE("a chunked upload reserves nothing while its body arrives") {
    UploadHouse house;
    house.policy.limits = {limit(day, 5000)};
    ScriptedBody body(std::string(3000, 'x'));
    std::size_t reservations = 99;
    body.before_end([&] { reservations = house.metadata.reservations(); });
    house.runner.run(house.open().store(house.request(body, std::nullopt)));
    CHECK(reservations == 0);
    CHECK(house.sent() == 3000_B);
}

TEST_CASE("a chunked upload is judged by modules and limits with its real size, once it is there") {
    UploadHouse house;
    house.policy.limits = {limit(day, 5000)};
    const auto module = std::make_shared<ScriptedModule>();
    house.use_modules({module});
    ScriptedBody body(std::string(3000, 'x'));
    std::vector<std::string> asked_before_end;
    body.before_end([&] { asked_before_end = module->asked(); });
    house.runner.run(house.open().store(house.request(body, std::nullopt)));
    CHECK(asked_before_end == std::vector<std::string>{"limits @alice:example.org"});
    REQUIRE(module->uploads().size() == 1);
    CHECK(module->uploads().at(0).size == 3000_B);

    SECTION("a limit refuses the real size, and nothing is left") {
        try {
            house.upload_chunked(2001);
            FAIL("the upload was not refused");
        } catch (const media::UploadLimitExceeded& refused) {
            CHECK(refused.attempted == 2001_B);
            CHECK(std::get<media::LimitRefusal>(refused.refusal).sent == 3000_B);
        }
        CHECK(house.blobs.blob_count() == 1);
        CHECK(house.blobs.spool_count() == 0);
        house.upload_chunked(2000);
    }
    SECTION("a module refuses the real size, and nothing is left") {
        module->allows = false;
        CHECK_THROWS_AS(house.upload_chunked(1500), matrix::Error);
        CHECK(house.metadata.records().size() == 1);
        CHECK(house.blobs.blob_count() == 1);
        CHECK(house.blobs.spool_count() == 0);
        CHECK(house.metadata.reservations() == 0);
    }
}
