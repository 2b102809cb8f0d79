#include "decoding_house.hpp"
#include "imaging/measures.hpp"
#include "support/test_png.hpp"
#include "thumbnail_pixels.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::string_literals;

namespace {

using imaging::Picture;

media::ThumbnailForm scale(std::int32_t width, std::int32_t height, bool prefers_webp = false) {
    return {{width, height, media::ThumbnailMethod::scale}, false, prefers_webp};
}

using Colours = std::array<std::string, 4>;
const Colours red_green_blue_white{"\xff\0\0"s, "\0\xff\0"s, "\0\0\xff"s, "\xff\xff\xff"s};

/// A picture of four quarters, each of one colour, given by its bytes from the top left, row by row.
Picture quarters(int width, int height, const Colours& colours) {
    std::string pixels;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            pixels += colours.at((y < height / 2 ? 0U : 2U) + (x < width / 2 ? 0U : 1U));
    const imaging::VipsLibrary& vips = vips_library();
    return {vips.image_new_from_memory_copy(pixels.data(), pixels.size(), width, height,
                                            static_cast<int>(colours[0].size()), VIPS_FORMAT_UCHAR),
            vips.object_unref};
}

template <class Saver>
std::string encoded(const Picture& picture, Saver save) {
    void* bytes = nullptr;
    std::size_t size = 0;
    REQUIRE(save(picture.get(), &bytes, &size, "strip", TRUE, nullptr) == 0);
    const std::unique_ptr<void, decltype(vips_library().free)> owner(bytes, vips_library().free);
    return {static_cast<const char*>(bytes), size};
}
std::string jpeg(const Picture& picture) { return encoded(picture, vips_library().jpegsave_buffer); }
std::string png(const Picture& picture) { return encoded(picture, vips_library().pngsave_buffer); }

std::string number(std::uint32_t value) {
    std::string bytes;
    detail::append_number(bytes, value);
    return bytes;
}

/// The JPEG with one more segment.
std::string with_segment(std::string picture, char marker, const std::string& content) {
    const std::string size = number(static_cast<std::uint32_t>(content.size()) + 2).substr(2);
    return picture.insert(2, "\xff"s + marker + size + content);
}

/// The PNG with one more chunk, behind its header.
std::string with_chunk(std::string picture, const std::string& name, const std::string& content) {
    return picture.insert(8 + 25, detail::chunk(name, content));
}

/// What EXIF says of how to turn a picture.
std::string exif(int orientation) {
    const std::string entry = "\x01\x12\0\x03\0\0\0\x01\0"s + static_cast<char>(orientation) + "\0\0"s;
    return "MM\0*\0\0\0\x08\0\x01"s + entry + "\0\0\0\0"s;
}

/// A colour of an ICC profile, in ten thousandths.
std::string coordinates(int x, int y, int z) {
    std::string bytes = "XYZ \0\0\0\0"s;
    for (const int value : {x, y, z})
        bytes += number(static_cast<std::uint32_t>((value * 65'536 + 5'000) / 10'000));
    return bytes;
}

/// A profile by which red is the blue of sRGB, green its red, and blue its green.
std::string profile_of_other_colours() {
    const std::string gamma = "curv\0\0\0\0\0\0\0\x01\x02\x33\0\0"s;
    const std::array<std::pair<std::string, std::string>, 6> tags{{
        {"rXYZ", coordinates(1431, 606, 7141)},
        {"gXYZ", coordinates(4361, 2225, 139)},
        {"bXYZ", coordinates(3851, 7169, 971)},
        {"rTRC", gamma},
        {"gTRC", gamma},
        {"bTRC", gamma},
    }};
    std::string table = number(tags.size());
    std::string contents;
    for (const auto& [name, content] : tags) {
        const auto place = static_cast<std::uint32_t>(128 + 4 + 12 * tags.size() + contents.size());
        table += name + number(place) + number(static_cast<std::uint32_t>(content.size()));
        contents += content;
    }
    const auto size = static_cast<std::uint32_t>(128 + table.size() + contents.size());
    std::string header = number(size) + "\0\0\0\0\x02\x40\0\0mntrRGB XYZ "s + std::string(12, '\0') + "acsp";
    header.resize(68);
    header += coordinates(9642, 10'000, 8249).substr(8);
    header.resize(128);
    return header + table + contents;
}

/// Where EXIF's orientations put the colours of red_green_blue_white.
const std::vector<std::pair<int, std::string>> orientations{
    {1, "r g b rgb "}, {2, "g r rgb b "}, {3, "rgb b g r "}, {4, "b rgb r g "},
    {5, "r b g rgb "}, {6, "b r rgb g "}, {7, "rgb g b r "}, {8, "g rgb r b "},
};

bool is_near(const Pixel& pixel, const Pixel& wanted, int difference) {
    return std::ranges::equal(pixel, wanted,
                              [difference](int a, int b) { return std::abs(a - b) <= difference; });
}

}  // namespace

TEST_CASE("a JPEG is turned and mirrored as its EXIF says, however far it was shrunk while it was loaded") {
    const auto [orientation, corners] = GENERATE(from_range(orientations));
    const bool is_on_its_side = orientation >= 5;
    static const std::string untold = jpeg(quarters(960, 720, red_green_blue_white));
    const std::string picture = with_segment(untold, '\xe1', "Exif\0\0"s + exif(orientation));
    DecodingHouse house(media::ThumbnailSource::image);
    for (const auto& [shrink, width, height] :
         {std::tuple(8, 80, 60), {4, 160, 120}, {2, 320, 240}, {1, 600, 450}}) {
        CAPTURE(orientation, shrink);
        REQUIRE(imaging::jpeg_shrink({960, 720}, {width, height}) == shrink);
        const auto [wide, high] = is_on_its_side ? std::pair(height, width) : std::pair(width, height);
        const media::DecodedPicture decoded = house.decode(picture, scale(wide, high));
        CHECK(decoded.facts.width == (is_on_its_side ? 720 : 960));
        CHECK(decoded.facts.height == (is_on_its_side ? 960 : 720));
        const media::MadeThumbnail& thumbnail = decoded.thumbnails.at(0);
        CHECK(std::pair(thumbnail.width, thumbnail.height) == std::pair(wide, high));
        CHECK(corners_of(thumbnail) == corners);
    }
    const media::ThumbnailForm crop{{90, 90, media::ThumbnailMethod::crop}, false, false};
    CHECK(corners_of(house.decode(picture, crop).thumbnails.at(0)) == corners);
}

TEST_CASE("a PNG is turned and mirrored as its EXIF says") {
    const std::string untold = png(quarters(160, 120, red_green_blue_white));
    DecodingHouse house(media::ThumbnailSource::image);
    for (const auto& [orientation, corners] : orientations) {
        CAPTURE(orientation);
        const std::string picture = with_chunk(untold, "eXIf", exif(orientation));
        // Also where it is smaller than the box and would be served as it is.
        for (const media::ThumbnailForm& form : {scale(60, 60), scale(800, 600)}) {
            const media::MadeThumbnail thumbnail = house.decode(picture, form).thumbnails.at(0);
            CHECK((thumbnail.width < thumbnail.height) == (orientation >= 5));
            CHECK(corners_of(thumbnail) == corners);
        }
    }
}

TEST_CASE("colours are those that the picture's profile means, in sRGB, and the profile is not kept") {
    const Picture picture = quarters(160, 120, red_green_blue_white);
    const std::string profile = profile_of_other_colours();
    DecodingHouse house(media::ThumbnailSource::image);
    for (const std::string& plain : {jpeg(picture), png(picture)})
        CHECK(corners_of(house.decode(plain, scale(80, 60)).thumbnails.at(0)) == "r g b rgb ");
    for (const std::string& coloured :
         {with_segment(jpeg(picture), '\xe2', "ICC_PROFILE\0\x01\x01"s + profile),
          with_chunk(png(picture), "iCCP", "x\0\0"s + detail::stored(profile))}) {
        const media::MadeThumbnail thumbnail = house.decode(coloured, scale(80, 60)).thumbnails.at(0);
        CHECK(corners_of(thumbnail) == "b r g rgb ");
        CHECK(thumbnail.bytes.find("ICC_PROFILE") == std::string::npos);
        CHECK(thumbnail.bytes.find("iCCP") == std::string::npos);
    }
}

TEST_CASE("a thumbnail is as transparent as its picture, as PNG and as WebP") {
    const Picture picture =
        quarters(160, 120, {"\xff\0\0\xff"s, "\0\xff\0\0"s, "\0\0\xff\x80"s, "\xff\xff\xff\xff"s});
    DecodingHouse house(media::ThumbnailSource::image);
    for (const std::string& bytes : {png(picture), encoded(picture, vips_library().webpsave_buffer)})
        for (const bool prefers_webp : {false, true}) {
            const media::MadeThumbnail thumbnail =
                house.decode(bytes, scale(80, 60, prefers_webp)).thumbnails.at(0);
            CHECK(thumbnail.type == (prefers_webp ? media::ImageType::webp : media::ImageType::png));
            const std::array<Pixel, 4> corners = corner_pixels_of(thumbnail);
            CHECK(is_near(corners[0], {255, 0, 0, 255}, 12));
            REQUIRE(corners[1].size() == 4);
            CHECK(corners[1][3] == 0);
            CHECK(is_near(corners[2], {0, 0, 255, 128}, 12));
            CHECK(is_near(corners[3], {255, 255, 255, 255}, 12));
        }
}

TEST_CASE("a JPEG of printing colours becomes one of red, green and blue") {
    const Picture inks = quarters(160, 120, {"\0\xff\xff\0"s, "\xff\0\xff\0"s, "\xff\xff\0\0"s, "\0\0\0\0"s});
    VipsImage* image = nullptr;
    REQUIRE(vips_library().copy(inks.get(), &image, "interpretation", VIPS_INTERPRETATION_CMYK, nullptr) ==
            0);
    const Picture printed(image, vips_library().object_unref);
    DecodingHouse house(media::ThumbnailSource::image);
    const media::MadeThumbnail thumbnail = house.decode(jpeg(printed), scale(80, 60)).thumbnails.at(0);
    CHECK(thumbnail.type == media::ImageType::jpeg);
    const std::array<Pixel, 4> corners = corner_pixels_of(thumbnail);
    // What these inks look like on coated paper, more or less; libvips brings a profile along.
    CHECK(is_near(corners[0], {237, 28, 36}, 30));
    CHECK(is_near(corners[1], {0, 166, 81}, 30));
    CHECK(is_near(corners[2], {46, 49, 146}, 30));
    CHECK(is_near(corners[3], {255, 255, 255}, 4));
}
