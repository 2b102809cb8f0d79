#include "support/catch.hpp"
#include "unit/metadata/scene.hpp"

#include <filesystem>

namespace mxcd::metadata::test {

TEMPLATE_LIST_TEST_CASE("a recorded upload is found with everything it came with", "", Implementations) {
    Scene<TestType> scene;
    media::MediaRecord uploaded = record(user(), "abcDEF-_0", 4'294'967'296);
    uploaded.content_type = "image/png; weird=\"\xc3\xa4\"";
    uploaded.file_name = "h\xc3\xa4user 'x'.png";
    media::Reservation reservation = scene.must_reserve(4'294'967'296);
    scene.on.clock.advance(5s);
    scene.runner.run(scene.on.store().record_upload(uploaded, reservation.id()));
    reservation.settled();
    const std::optional<media::MediaRecord> found = scene.runner.run(scene.on.store().find(uploaded.id));
    REQUIRE(found);
    CHECK(found->id == uploaded.id);
    CHECK(found->owner == user());
    CHECK(found->content_type == uploaded.content_type);
    CHECK(found->file_name == uploaded.file_name);
    CHECK(found->size == uploaded.size);
    CHECK(found->blob == uploaded.blob);
    CHECK(found->created_at == scene.on.clock.now());
    CHECK(found->inline_body == nullptr);
}

TEMPLATE_LIST_TEST_CASE("a small body comes back as it went in", "", Implementations) {
    Scene<TestType> scene;
    const std::string body = GENERATE(std::string(), std::string("a\0b", 3), std::string(32 * 1024, '\xff'));
    media::Reservation reservation = scene.must_reserve(static_cast<std::int64_t>(body.size()));
    const media::MediaRecord uploaded = inline_record(user(), "small", body);
    scene.runner.run(scene.on.store().record_upload(uploaded, reservation.id()));
    reservation.settled();
    const std::optional<media::MediaRecord> found = scene.runner.run(scene.on.store().find(uploaded.id));
    REQUIRE(found);
    REQUIRE(found->inline_body);
    CHECK(*found->inline_body == body);
    CHECK_FALSE(found->file_name);
}

TEMPLATE_LIST_TEST_CASE("who quarantined media is kept with it", "", Implementations) {
    Scene<TestType> scene;
    media::Reservation reservation = scene.must_reserve(5);
    media::MediaRecord uploaded =
        GENERATE(true, false) ? inline_record(user(), "bad", "virus") : record(user(), "bad", 5);
    uploaded.quarantined_by = "clamd";
    scene.runner.run(scene.on.store().record_upload(uploaded, reservation.id()));
    reservation.settled();
    const std::optional<media::MediaRecord> found = scene.runner.run(scene.on.store().find(uploaded.id));
    REQUIRE(found);
    CHECK(found->quarantined_by == "clamd");
    CHECK(found->size == ByteCount(5));
}

TEMPLATE_LIST_TEST_CASE("media that was never recorded is not found", "", Implementations) {
    Scene<TestType> scene;
    CHECK_FALSE(scene.runner.run(scene.on.store().find(media_id("nothing"))));
}

TEMPLATE_LIST_TEST_CASE("bytes are referenced by rows of the blob store only", "", Implementations) {
    Scene<TestType> scene;
    media::Reservation inlined = scene.must_reserve(5);
    const media::MediaRecord small = inline_record(user(), "small", "bytes");
    scene.runner.run(scene.on.store().record_upload(small, inlined.id()));
    inlined.settled();
    CHECK_FALSE(scene.runner.run(scene.on.store().is_blob_referenced(small.blob)));
    media::Reservation stored = scene.must_reserve(5);
    media::MediaRecord large = record(user(), "large", 5);
    large.blob = small.blob;
    scene.runner.run(scene.on.store().record_upload(large, stored.id()));
    stored.settled();
    CHECK(scene.runner.run(scene.on.store().is_blob_referenced(small.blob)));
}

TEMPLATE_LIST_TEST_CASE("a media ID that is taken is refused, charges nothing and keeps the reservation", "",
                        Implementations) {
    Scene<TestType> scene;
    const matrix::MediaId id = media_id("media1");
    scene.upload(10);  // takes media1
    media::Reservation reservation = scene.must_reserve(20);
    CHECK_THROWS_AS(
        scene.runner.run(scene.on.store().record_upload(record(user(), "media1", 20), reservation.id())),
        base::StorageError);
    CHECK(scene.sent(limit(1h, 100)) == 10);
    CHECK(scene.usage(limit(1h, 100)).reserved == ByteCount(20));
    CHECK(scene.runner.run(scene.on.store().find(id))->size == ByteCount(10));
    scene.settle(std::move(reservation), 20);
    CHECK(scene.sent(limit(1h, 100)) == 30);
}

TEMPLATE_LIST_TEST_CASE("an upload whose reservation has ended is not recorded", "", Implementations) {
    Scene<TestType> scene;
    const media::ReservationId gone = scene.must_reserve(20).id();
    CHECK_THROWS_AS(scene.runner.run(scene.on.store().record_upload(record(user(), "late", 20), gone)),
                    base::StorageError);
    CHECK_FALSE(scene.runner.run(scene.on.store().find(media_id("late"))));
    CHECK(scene.sent(limit(1h, 100)) == 0);
}

TEMPLATE_LIST_TEST_CASE("a backup goes to a new file and never over an old one", "", Implementations) {
    Scene<TestType> scene;
    scene.upload(10);
    double progress = 0;
    const std::filesystem::path copy = scene.on.folder() / "copy.db";
    scene.runner.run(scene.on.store().back_up(copy, [&progress](double fraction) { progress = fraction; }));
    CHECK(progress == 1.0);
    CHECK(std::filesystem::file_size(copy) > 0);
    CHECK_THROWS_AS(scene.runner.run(scene.on.store().back_up(copy, [](double) {})), base::StorageError);
    CHECK(std::filesystem::exists(copy));
}

TEMPLATE_LIST_TEST_CASE("a living store answers a ping", "", Implementations) {
    Scene<TestType> scene;
    CHECK_NOTHROW(scene.runner.run(scene.on.store().ping()));
}

}  // namespace mxcd::metadata::test
