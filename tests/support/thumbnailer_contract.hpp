#pragma once

#include "mxcd/base/errors.hpp"
#include "mxcd/media/thumbnailer.hpp"

#include "support/catch.hpp"
#include "support/run_task.hpp"
#include "support/test_png.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mxcd::test {

/// What callers of any Thumbnailer rely on; it refuses more than 1,000,000 pixels. Make one inside a
/// TEST_CASE and call check(). The runner outlives the thumbnailer, whose threads post to it.
class ThumbnailerContract {
  public:
    ThumbnailerContract(TaskRunner& runner, media::Thumbnailer& thumbnailer)
        : runner_(runner), thumbnailer_(thumbnailer) {}

    void check() {
        using media::ThumbnailMethod;
        SECTION("each form has its thumbnail, in order: scale covers its box, crop is its box") {
            const auto made = make(test_png(400, 300), {scale(100, 60), crop(50, 90), scale(40, 40)});
            REQUIRE(made.size() == 3);
            CHECK(size_of(made[0]) == std::pair(100, 75));
            CHECK(size_of(made[1]) == std::pair(50, 90));
            CHECK(size_of(made[2]) == std::pair(53, 40));
        }
        SECTION("nothing is made larger: a picture that is not larger than its box serves as it is") {
            const auto made =
                make(test_png(60, 40), {scale(60, 10), scale(800, 600), crop(61, 1), crop(60, 40)});
            for (const media::MadeThumbnail& thumbnail : made) {
                CHECK(thumbnail.is_original);
                CHECK(thumbnail.bytes.empty());
                CHECK(std::pair(thumbnail.width, thumbnail.height) == std::pair(60, 40));
            }
        }
        SECTION("a decode tells how large the picture is and what it looks like from afar") {
            const auto [width, height] = GENERATE(table<int, int>({{400, 300}, {60, 40}, {20, 7}, {1, 1}}));
            const media::PictureFacts facts = decode(test_png(width, height), {scale(100, 60)}).facts;
            CHECK(std::pair(facts.width, facts.height) == std::pair(width, height));
            REQUIRE(facts.blurhash);
            // 4 by 3 components.
            CHECK(facts.blurhash->size() == 28);
            CHECK(facts.blurhash->front() == 'L');
        }
        SECTION("the same picture and forms give the same bytes") {
            const auto one = make(test_png(300, 200), {scale(30, 20), crop(32, 32)});
            const auto two = make(test_png(300, 200), {scale(30, 20), crop(32, 32)});
            CHECK(one.at(0).bytes == two.at(0).bytes);
            CHECK(one.at(1).bytes == two.at(1).bytes);
        }
        SECTION("thin pictures keep at least one pixel") {
            const auto made = make(test_png(3000, 1), {scale(100, 100), crop(10, 1)});
            CHECK(made.at(0).is_original);
            CHECK(size_of(made.at(1)) == std::pair(10, 1));
        }
        SECTION("what is no picture, or half of one, is refused") {
            for (const std::string& bytes :
                 {std::string("hello"), std::string(1, '\0'), test_png(400, 300).substr(0, 50'000)})
                CHECK(refused(ask(bytes, {scale(32, 32)})).reason == media::ThumbnailRefusal::not_an_image);
        }
        SECTION("too many pixels are refused") {
            const media::RefusedPicture picture = refused(ask(test_png(1001, 1000), {scale(32, 32)}));
            CHECK(picture.reason == media::ThumbnailRefusal::too_large);
            CHECK(picture.facts == media::PictureFacts{1001, 1000, std::nullopt});
        }
        SECTION("without forms a decode tells what the picture is like, and no more") {
            const media::DecodedPicture decoded = decode(test_png(400, 300), {});
            CHECK(decoded.thumbnails.empty());
            CHECK(decoded.facts == decode(test_png(400, 300), {scale(32, 32)}).facts);
        }
        SECTION("after stop() nothing is made") {
            make(test_png(40, 40), {scale(32, 32)});
            thumbnailer_.stop();
            CHECK_FALSE(thumbnailer_.is_ready());
            CHECK_THROWS_AS(ask(test_png(40, 40), {scale(32, 32)}), base::UpstreamError);
        }
    }

  private:
    static media::RefusedPicture refused(const media::ThumbnailOutcome& outcome) {
        REQUIRE(std::holds_alternative<media::RefusedPicture>(outcome));
        return std::get<media::RefusedPicture>(outcome);
    }
    using Forms = std::vector<media::ThumbnailForm>;

    static media::ThumbnailForm scale(std::int32_t width, std::int32_t height) {
        return {{width, height, media::ThumbnailMethod::scale}, false, false};
    }
    static media::ThumbnailForm crop(std::int32_t width, std::int32_t height) {
        return {{width, height, media::ThumbnailMethod::crop}, false, false};
    }
    static std::pair<int, int> size_of(const media::MadeThumbnail& thumbnail) {
        CHECK(png_size(thumbnail.bytes) == std::pair(thumbnail.width, thumbnail.height));
        return {thumbnail.width, thumbnail.height};
    }

    media::ThumbnailOutcome ask(const std::string& bytes, Forms forms) {
        return runner_.run(thumbnailer_.make(std::make_shared<const std::string>(bytes),
                                             media::ThumbnailSource::image, std::move(forms)));
    }
    std::vector<media::MadeThumbnail> make(const std::string& bytes, Forms forms) {
        return decode(bytes, std::move(forms)).thumbnails;
    }
    media::DecodedPicture decode(const std::string& bytes, Forms forms) {
        media::ThumbnailOutcome outcome = ask(bytes, std::move(forms));
        REQUIRE(std::holds_alternative<media::DecodedPicture>(outcome));
        return std::get<media::DecodedPicture>(std::move(outcome));
    }

    TaskRunner& runner_;
    media::Thumbnailer& thumbnailer_;
};

}  // namespace mxcd::test
