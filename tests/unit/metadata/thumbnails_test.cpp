#include "scene.hpp"
#include "support/catch.hpp"
#include "support/memory_thumbnails.hpp"

namespace mxcd::metadata::test {

namespace {

media::ThumbnailForm form(std::int32_t side) {
    return {{side, side, media::ThumbnailMethod::crop}, false, false};
}

media::ThumbnailRecord thumbnail(const std::string& media, std::int32_t side, const std::string& bytes,
                                 bool is_inline) {
    media::ThumbnailRecord record{media_id(media),
                                  form(side),
                                  media::ImageType::webp,
                                  side,
                                  side,
                                  false,
                                  ByteCount(std::ssize(bytes)),
                                  media::BlobKey{base::sha256(bytes)},
                                  nullptr};
    if (is_inline) record.inline_body = std::make_shared<const std::string>(bytes);
    return record;
}

/// A database with one piece of media.
class House {
  public:
    House() {
        auto outcome = runner.run(database->ledger().reserve({user(), ByteCount(5), {}, {}}));
        auto& reservation = std::get<media::Reservation>(outcome);
        runner.run(
            database->metadata().record_upload(inline_record(user(), "picture", "hello"), reservation.id()));
        reservation.settled();
    }
    bool record(std::vector<media::ThumbnailRecord> thumbnails,
                const media::PictureFacts& facts = {640, 480, std::nullopt}) {
        const matrix::MediaId media = thumbnails.at(0).media;
        return runner.run(database->thumbnails().record(media, facts, std::move(thumbnails)));
    }
    std::optional<media::PictureFacts> picture(const std::string& id = "picture") {
        return runner.run(database->thumbnails().find_picture(media_id(id)));
    }
    std::optional<media::ThumbnailRecord> find(std::int32_t side) {
        return runner.run(database->thumbnails().find(media_id("picture"), form(side)));
    }

    TempFolder folder;
    ManualClock clock;
    std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    TaskRunner runner;  // above the database, whose thread posts to it
    std::unique_ptr<Database> database = open_sqlite({folder.path() / "mxcd.db"}, clock, *metrics);
};

}  // namespace

TEST_CASE("thumbnails are found as they were recorded, with or without their bytes") {
    House house;
    REQUIRE(
        house.record({thumbnail("picture", 32, "inline", true), thumbnail("picture", 96, "a blob", false)}));
    const std::optional<media::ThumbnailRecord> small = house.find(32);
    REQUIRE(small);
    CHECK(*small->inline_body == "inline");
    CHECK(small->type == media::ImageType::webp);
    CHECK(small->width == 32);
    const std::optional<media::ThumbnailRecord> large = house.find(96);
    REQUIRE(large);
    CHECK_FALSE(large->inline_body);
    CHECK(large->blob == media::BlobKey{base::sha256("a blob")});
    CHECK_FALSE(house.find(33));
    CHECK(house.runner.run(house.database->thumbnails().count(media_id("picture"))) == 2);
}

TEST_CASE(
    "the bytes of a thumbnail in the blob store are referenced, those in a row or of an original are not") {
    House house;
    media::ThumbnailRecord original = thumbnail("picture", 64, "the original", false);
    original.is_original = true;
    REQUIRE(house.record(
        {thumbnail("picture", 32, "inline", true), thumbnail("picture", 96, "a blob", false), original}));
    CHECK(house.database->is_blob_referenced({base::sha256("a blob")}));
    CHECK_FALSE(house.database->is_blob_referenced({base::sha256("inline")}));
    CHECK_FALSE(house.database->is_blob_referenced({base::sha256("the original")}));
    CHECK(house.runner.run(house.database->metadata().is_blob_referenced({base::sha256("a blob")})));
}

TEST_CASE("a thumbnail that is there stays as it is") {
    House house;
    REQUIRE(house.record({thumbnail("picture", 32, "first", true)}));
    REQUIRE(house.record({thumbnail("picture", 32, "second", true), thumbnail("picture", 96, "new", true)}));
    CHECK(*house.find(32)->inline_body == "first");
    CHECK(*house.find(96)->inline_body == "new");
}

TEST_CASE(
    "what is known about a picture stays, a hash that was not known is added, deletion takes all of it") {
    House house;
    CHECK_FALSE(house.picture());
    const auto record = [&house](const media::PictureFacts& facts) {
        return house.record({thumbnail("picture", 32, "x", true)}, facts);
    };
    REQUIRE(record({640, 480, std::nullopt}));
    CHECK(house.picture() == media::PictureFacts{640, 480, std::nullopt});
    REQUIRE(record({1, 1, "a hash"}));
    CHECK(house.picture() == media::PictureFacts{640, 480, "a hash"});
    REQUIRE(record({1, 1, "another hash"}));
    CHECK(house.picture() == media::PictureFacts{640, 480, "a hash"});
    REQUIRE(house.runner.run(house.database->moderation().erase(media_id("picture"))));
    CHECK_FALSE(house.picture());
}

TEST_CASE("media that is not there has no thumbnails") {
    House house;
    CHECK_FALSE(house.record({thumbnail("gone", 32, "x", true)}));
    CHECK(house.runner.run(house.database->thumbnails().count(media_id("gone"))) == 0);
    CHECK_FALSE(house.picture("gone"));
}

}  // namespace mxcd::metadata::test
