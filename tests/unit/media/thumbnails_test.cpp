#include "mxcd/media/thumbnails.hpp"

#include "mxcd/async/suspend.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/matrix/error.hpp"

#include "support/blob_bodies.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/fake_thumbnailer.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_blob_store.hpp"
#include "support/memory_metadata.hpp"
#include "support/memory_metrics.hpp"
#include "support/memory_thumbnails.hpp"
#include "support/run_task.hpp"

#include <future>
#include <thread>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const media::ThumbnailForm small_crop{{32, 32, media::ThumbnailMethod::crop}, false, false};

/// Thumbnails over everything in memory, with one picture in it.
class House {
  public:
    explicit House(media::ThumbnailPolicy policy = {})
        : thumbnails(std::move(policy),
                     {downloads, catalog, blobs, thumbnailer, runner.group(), clock, metrics}) {}

    matrix::MediaId add(const std::string& body) {
        const auto user = matrix::UserId::parse("@alice:hs.test").value();
        const auto id = matrix::MediaId::parse("picture" + std::to_string(next_++)).value();
        auto outcome = runner.run(metadata.reserve({user, base::ByteCount(std::ssize(body)), {}, {}}));
        auto& reservation = std::get<media::Reservation>(outcome);
        media::MediaRecord record{id,
                                  user,
                                  "image/png",
                                  std::nullopt,
                                  base::ByteCount(std::ssize(body)),
                                  media::BlobKey{base::sha256(body)},
                                  {},
                                  std::make_shared<const std::string>(body)};
        runner.run(metadata.record_upload(std::move(record), reservation.id()));
        reservation.settled();
        return id;
    }
    std::optional<media::Thumbnail> open(const matrix::MediaId& id, media::ThumbnailForm form = small_crop) {
        return runner.run(thumbnails.open(original(id), form));
    }
    media::Download original(const matrix::MediaId& id) {
        std::optional<media::Download> found = runner.run(downloads.open(id));
        REQUIRE(found);
        return *std::move(found);
    }
    bool wait_for(const std::string& metric, double value) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (metrics.value(metric) != value && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        return metrics.value(metric) == value;
    }

    ManualClock clock;
    MemoryMetadata metadata{clock};
    MemoryBlobStore blobs;
    MemoryThumbnails catalog;
    FakeThumbnailer thumbnailer;
    MemoryMetrics metrics;
    media::Downloads downloads{metadata, blobs, metrics};
    TaskRunner runner;
    media::Thumbnails thumbnails;

  private:
    int next_ = 1;
};

/// Never ends a decode before it is told to.
class StuckThumbnailer final : public media::Thumbnailer {
  public:
    async::Task<media::ThumbnailOutcome> make(media::ImageBytes, media::ThumbnailSource,
                                              std::vector<media::ThumbnailForm>) override {
        return async::suspend<media::ThumbnailOutcome>(
            [this](async::Resume<media::ThumbnailOutcome> resume) { asked_.set_value(std::move(resume)); });
    }
    bool is_ready() const override { return true; }
    void stop() noexcept override {}
    async::Resume<media::ThumbnailOutcome> wait_until_asked() { return asked_.get_future().get(); }

  private:
    std::promise<async::Resume<media::ThumbnailOutcome>> asked_;
};

/// Small thumbnails live in their rows, others in the blob store.
media::ThumbnailPolicy everything_in_blobs() {
    media::ThumbnailPolicy policy;
    policy.inline_body_max = base::ByteCount(0);
    return policy;
}

}  // namespace

TEST_CASE("the configured sizes come from one decode, and are found again") {
    House house;
    const matrix::MediaId id = house.add(test_png(400, 300));
    REQUIRE(house.open(id));
    for (const media::ThumbnailSize& size : media::ThumbnailPolicy{}.sizes)
        REQUIRE(house.open(id, {size, false, false}));
    CHECK(house.thumbnailer.decodes == 1);
    CHECK(house.metrics.value("mxcd_thumbnails_total{source=memory}") == 5);
    media::Thumbnails after_a_restart({}, {house.downloads, house.catalog, house.blobs, house.thumbnailer,
                                           house.runner.group(), house.clock, house.metrics});
    REQUIRE(house.runner.run(after_a_restart.open(house.original(id), small_crop)));
    CHECK(house.thumbnailer.decodes == 1);
    CHECK(house.metrics.value("mxcd_thumbnails_total{source=database}") == 1);
}

TEST_CASE("a thumbnail that is in memory with its bytes is recalled, and is the one that opening gives") {
    House house;
    const matrix::MediaId id = house.add(test_png(400, 300));
    CHECK_FALSE(house.thumbnails.recall(id, small_crop));
    const std::optional<media::Thumbnail> opened = house.open(id);
    REQUIRE(opened);
    const std::optional<media::Thumbnail> recalled = house.thumbnails.recall(id, small_crop);
    REQUIRE(recalled);
    CHECK(recalled->key == opened->key);
    CHECK(recalled->size == opened->size);
    CHECK(std::get<std::shared_ptr<const std::string>>(recalled->body) ==
          std::get<std::shared_ptr<const std::string>>(opened->body));
    // Whether it moves is for the original to say, and the largest sizes are the original itself.
    CHECK_FALSE(house.thumbnails.recall(id, {small_crop.size, true, false}));
    REQUIRE(house.open(id, {{800, 600, media::ThumbnailMethod::scale}, false, false}));
    CHECK_FALSE(house.thumbnails.recall(id, {{800, 600, media::ThumbnailMethod::scale}, false, false}));
    house.thumbnails.forget(id);
    CHECK_FALSE(house.thumbnails.recall(id, small_crop));
}

TEST_CASE("a row that is in memory is recalled until it is forgotten") {
    House house;
    const matrix::MediaId id = house.add(test_png(4, 4));
    CHECK_FALSE(house.downloads.recall(id));
    const media::Download opened = house.original(id);
    CHECK(house.downloads.recall(id) == opened.record);
    house.downloads.forget(id);
    CHECK_FALSE(house.downloads.recall(id));
}

TEST_CASE("thumbnails that are too large for a row are blobs, and stay") {
    House house(everything_in_blobs());
    const matrix::MediaId id = house.add(test_png(400, 300));
    const std::optional<media::Thumbnail> thumbnail = house.open(id);
    REQUIRE(thumbnail);
    CHECK(std::holds_alternative<media::OpenBlob>(thumbnail->body));
    CHECK(house.blobs.holds(thumbnail->key));
    CHECK(house.blobs.spool_count() == 0);
    // 800x600 and 640x480 are the original.
    CHECK(house.blobs.blob_count() == 3);
}

TEST_CASE("media that is deleted during the decode keeps no thumbnails") {
    House house(everything_in_blobs());
    const matrix::MediaId id = house.add(test_png(400, 300));
    house.catalog.media_is_gone = true;
    CHECK_FALSE(house.open(id));
    CHECK(house.blobs.blob_count() == 0);
    CHECK_FALSE(house.runner.run(house.catalog.find(id, small_crop)));
}

TEST_CASE("thumbnails whose rows nobody knows of keep their bytes") {
    House house(everything_in_blobs());
    const matrix::MediaId id = house.add(test_png(400, 300));
    house.catalog.flushes_fail = true;
    CHECK_THROWS_AS(house.open(id), base::OutcomeUnknown);
    CHECK(house.blobs.blob_count() == 3);
}

TEST_CASE("what failed is tried again after ten minutes") {
    House house;
    const matrix::MediaId id = house.add(test_png(400, 300).substr(0, 5000));
    CHECK_THROWS_AS(house.open(id), matrix::Error);
    house.clock.advance(9min);
    CHECK_THROWS_AS(house.open(id), matrix::Error);
    CHECK(house.thumbnailer.decodes == 1);
    house.clock.advance(2min);
    CHECK_THROWS_AS(house.open(id), matrix::Error);
    CHECK(house.thumbnailer.decodes == 2);
}

TEST_CASE("new images are prepared in the background, other media are not touched") {
    House house;
    const matrix::MediaId id = house.add(test_png(400, 300));
    house.thumbnails.prepare(house.runner.executor(), id, "video/mp4");
    house.thumbnails.prepare(house.runner.executor(), house.add("no picture"), "image/png");
    house.thumbnails.prepare(house.runner.executor(), id, "image/png");
    REQUIRE(house.open(id));
    CHECK(house.thumbnailer.decodes == 1);
}

TEST_CASE("videos are decoded where they are included, and only there") {
    const std::string mp4 =
        "\0\0\0\x18"
        "ftypisom"s +
        std::string(100, '\0');
    const std::string webm = "\x1a\x45\xdf\xa3" + std::string(100, '\0');
    House house;
    for (const std::string& video : {mp4, webm}) {
        house.thumbnails.prepare(house.runner.executor(), house.add(video), "video/mp4");
        CHECK_THROWS_AS(house.open(house.add(video)), matrix::Error);
    }
    CHECK(house.thumbnailer.decodes == 0);
    media::ThumbnailPolicy policy;
    policy.includes_video = true;
    house.thumbnails.reconfigure(policy);
    // What the fake makes of them does not matter.
    for (const std::string& video : {mp4, webm}) CHECK_THROWS_AS(house.open(house.add(video)), matrix::Error);
    CHECK(house.thumbnailer.videos == 2);
    const matrix::MediaId prepared = house.add(mp4);
    house.thumbnails.prepare(house.runner.executor(), prepared, "video/mp4");
    house.runner.run(house.thumbnails.await_picture(prepared, 10s));
    CHECK(house.thumbnailer.videos == 3);
    CHECK_THROWS_AS(house.open(house.add("\0\0\0\x18"
                                         "ftypheic"s +
                                         std::string(100, '\0'))),
                    matrix::Error);
    CHECK_THROWS_AS(house.open(house.add("ftyp")), matrix::Error);
    REQUIRE(house.open(house.add(test_png(40, 40))));
    CHECK(house.thumbnailer.videos == 3);
}

TEST_CASE("all of many new images are looked at, also when others take the decoder for a while") {
    House house;
    house.thumbnailer.is_busy = true;
    std::vector<matrix::MediaId> ids;
    for (int i = 0; i < 50; ++i) {
        ids.push_back(house.add(test_png(10 + i, 20)));
        house.thumbnails.prepare(house.runner.executor(), ids.back(), "image/png");
    }
    // Asked for meanwhile, and not decoded once more.
    const matrix::MediaId& asked_for = ids.at(49);
    CHECK_THROWS_AS(house.open(asked_for), base::Overloaded);
    house.thumbnailer.is_busy = false;
    REQUIRE(house.open(asked_for));
    for (std::size_t i = 0; i < ids.size(); ++i) {
        REQUIRE(
            eventually([&] { return house.runner.run(house.thumbnails.find_picture(ids[i])).has_value(); }));
        CHECK(house.runner.run(house.thumbnails.find_picture(ids[i]))->width == 10 + static_cast<int>(i));
    }
    CHECK(eventually([&] { return house.runner.group().size() == 0; }));
    CHECK(house.thumbnailer.decodes == 50);
}

TEST_CASE("a new image is looked at where no thumbnails are made, and when it is too large for them") {
    media::ThumbnailPolicy policy;
    if (GENERATE(true, false)) policy.sizes.clear();
    House house(policy);
    const matrix::MediaId small = house.add(test_png(40, 30));
    const matrix::MediaId large = house.add(test_png(1001, 1000));
    for (const matrix::MediaId& id : {small, large})
        house.thumbnails.prepare(house.runner.executor(), id, "image/png");
    CHECK(eventually([&] { return house.runner.group().size() == 0; }));
    CHECK(house.runner.run(house.thumbnails.find_picture(small)) ==
          media::PictureFacts{40, 30, std::string(grey_blurhash)});
    CHECK(house.runner.run(house.thumbnails.find_picture(large)) ==
          media::PictureFacts{1001, 1000, std::nullopt});
}

TEST_CASE("who waits for a picture that is being prepared hears what it is like, others what is known") {
    House house;
    const matrix::MediaId id = house.add(test_png(400, 300));
    CHECK_FALSE(house.runner.run(house.thumbnails.await_picture(id, 10s)));
    house.thumbnails.prepare(house.runner.executor(), id, "image/png");
    const std::optional<media::PictureFacts> picture =
        house.runner.run(house.thumbnails.await_picture(id, 10s));
    REQUIRE(picture);
    CHECK(picture->width == 400);
    CHECK(picture->height == 300);
    CHECK(picture->blurhash == std::string(grey_blurhash));
    CHECK(house.runner.run(house.thumbnails.find_picture(id)) == picture);
    CHECK(house.thumbnailer.decodes == 1);
}

TEST_CASE("waiting for a picture ends with its patience, and the preparation goes on") {
    House house;
    StuckThumbnailer stuck;
    media::Thumbnails thumbnails({}, {house.downloads, house.catalog, house.blobs, stuck,
                                      house.runner.group(), house.clock, house.metrics});
    const matrix::MediaId id = house.add(test_png(400, 300));
    thumbnails.prepare(house.runner.executor(), id, "image/png");
    CHECK_FALSE(house.runner.run(thumbnails.await_picture(id, 1ms)));
    stuck.wait_until_asked().with(media::DecodedPicture{{400, 300, std::nullopt}, {}});
    // Whether it still waits or comes after the end: it hears the same.
    CHECK(house.runner.run(thumbnails.await_picture(id, 10s)) == media::PictureFacts{400, 300, std::nullopt});
}
