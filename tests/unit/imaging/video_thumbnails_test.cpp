#include "decoding_house.hpp"
#include "test_videos.hpp"
#include "thumbnail_pixels.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string_view>
#include <utility>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::string_literals;

namespace {

using media::ThumbnailRefusal;

/// A thumbnailer with its processes.
struct House : DecodingHouse {
    explicit House(std::int64_t max_pixels = 1'000'000)
        : DecodingHouse(media::ThumbnailSource::video, max_pixels) {}
};

void put(std::string& bytes, std::size_t at, std::uint32_t number, int width) {
    for (int i = 0; i < width; ++i)
        bytes.at(at + static_cast<std::size_t>(i)) = static_cast<char>(number >> (8 * (width - 1 - i)));
}

std::size_t find_box(const std::string& video, std::string_view type, std::size_t begin = 0) {
    const std::size_t at = video.find(type, begin);
    REQUIRE(at != std::string::npos);
    return at;
}

using Matrix = std::array<int, 4>;  // a, b, c, d of x' = ax + cy, y' = bx + dy

/// The video with another matrix in the header of its first track.
std::string turned(std::string video, const Matrix& matrix) {
    // Version and flags, two times, track, reserved, duration, two reserved, layer, group, volume, reserved.
    const std::size_t at = find_box(video, "tkhd") + 4 + 40;
    const std::array places{0, 4, 12, 16};
    for (std::size_t i = 0; i < places.size(); ++i)
        put(video, at + static_cast<std::size_t>(places.at(i)),
            static_cast<std::uint32_t>(matrix.at(i)) << 16U, 4);
    return video;
}

/// The video under headers that claim another size.
std::string claiming(std::string video, std::uint32_t width, std::uint32_t height) {
    const std::size_t sample = find_box(video, "avc1", find_box(video, "stsd")) + 4 + 24;
    put(video, sample, width, 2);
    put(video, sample + 2, height, 2);
    const std::size_t track = find_box(video, "tkhd") + 4 + 76;
    put(video, track, width << 16U, 4);
    put(video, track + 4, height << 16U, 4);
    return video;
}

}  // namespace

TEST_CASE("row 125: an MP4 with one H.264 track has a thumbnail of its first frame, as has WebM") {
    const std::string name = GENERATE("h264.mp4", "hevc.mp4", "vp8.webm", "vp9.webm", "av1.mp4");
    CAPTURE(name);
    House house;
    const media::DecodedPicture decoded = house.decode(test_video(name));
    CHECK(decoded.facts.width == 64);
    CHECK(decoded.facts.height == 48);
    CHECK(decoded.facts.blurhash);
    const media::MadeThumbnail& thumbnail = decoded.thumbnails.at(0);
    // Never the video itself, also where it is smaller than the box.
    CHECK_FALSE(thumbnail.is_original);
    CHECK(thumbnail.type == media::ImageType::jpeg);
    CHECK(corners_of(thumbnail) == "r g b rgb ");
    const media::MadeThumbnail crop =
        house.decode(test_video(name), {{20, 20, media::ThumbnailMethod::crop}, true, false})
            .thumbnails.at(0);
    CHECK(corners_of(crop) == "r g b rgb ");
    CHECK(house.metrics.value("mxcd_video_decoder_starts_total") == 1);
}

TEST_CASE("videos are decoded by a process of their own, which only the first of them starts") {
    House house;
    CHECK(house.metrics.value("mxcd_video_decoder_starts_total") == 0);
    house.decode(test_video("h264.mp4"));
    house.decode(test_video("vp9.webm"));
    CHECK(house.metrics.value("mxcd_video_decoder_starts_total") == 1);
}

TEST_CASE("a frame is shown as its container turns and mirrors it") {
    const auto [matrix, corners] = GENERATE(table<Matrix, std::string>({
        {{1, 0, 0, 1}, "r g b rgb "},
        {{-1, 0, 0, 1}, "g r rgb b "},
        {{-1, 0, 0, -1}, "rgb b g r "},
        {{1, 0, 0, -1}, "b rgb r g "},
        {{0, 1, 1, 0}, "r b g rgb "},
        {{0, 1, -1, 0}, "b r rgb g "},
        {{0, -1, -1, 0}, "rgb g b r "},
        {{0, -1, 1, 0}, "g rgb r b "},
    }));
    CAPTURE(matrix);
    House house;
    const media::DecodedPicture decoded = house.decode(turned(test_video("h264.mp4"), matrix));
    CHECK(corners_of(decoded.thumbnails.at(0)) == corners);
    CHECK(decoded.facts.width == (matrix[0] == 0 ? 48 : 64));
    CHECK(decoded.facts.height == (matrix[0] == 0 ? 64 : 48));
}

TEST_CASE("a frame whose pixels are not square is shown with square ones") {
    std::string video = test_video("h264.mp4");
    put(video, find_box(video, "pasp") + 4, 3, 4);
    put(video, find_box(video, "pasp") + 8, 2, 4);
    House house;
    const media::DecodedPicture decoded = house.decode(video);
    CHECK(decoded.facts.width == 96);
    CHECK(decoded.facts.height == 48);
    CHECK(corners_of(decoded.thumbnails.at(0)) == "r g b rgb ");
    put(video, find_box(video, "pasp") + 4, 0x7fffffff, 4);
    CHECK(house.refusal(video) == ThumbnailRefusal::too_large);
}

TEST_CASE("what an edit list cuts away is not shown") {
    House house;
    CHECK(corners_of(house.decode(test_video("cut.mp4")).thumbnails.at(0)) == "g g g g ");
}

TEST_CASE("frames with too many pixels are refused, whether the container or the stream says so") {
    House house;
    CHECK(house.refusal(test_video("large.mp4")) == ThumbnailRefusal::too_large);
    CHECK(std::get<media::RefusedPicture>(house.ask(test_video("large.mp4"))).facts ==
          media::PictureFacts{8000, 8000, std::nullopt});
    CHECK(house.refusal(claiming(test_video("h264.mp4"), 60'000, 60'000)) == ThumbnailRefusal::too_large);
    CHECK(house.refusal(claiming(test_video("large.mp4"), 64, 48)) == ThumbnailRefusal::not_an_image);
    // A smaller lie does no harm: what is decoded counts.
    CHECK(house.decode(claiming(test_video("h264.mp4"), 640, 480)).facts.width == 64);
    House generous(100'000'000);
    CHECK(generous.decode(test_video("large.mp4")).facts.width == 8000);
}

TEST_CASE("what is no video that is decoded here is refused, and nothing breaks") {
    const auto [what, bytes] = GENERATE(table<std::string, std::string>({
        {"sound only", test_video("audio.mp4")},
        {"another codec", test_video("mjpeg.mov")},
        {"another container", test_video("h264.avi")},
        {"a GIF", "GIF89a\2\0\2\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\2\0\2\0\0\2\2\x44\1\0;"s},
        {"a playlist", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n"},
        {"a list of files", "ffconcat version 1.0\nfile '/etc/passwd'\n"},
        {"text", "hello"},
        {"one byte", "\0"s},
        {"a signature and no more", test_video("h264.mp4").substr(0, 32)},
        {"boxes without end", test_video("h264.mp4").substr(0, 32) + std::string(100'000, '\xff')},
    }));
    CAPTURE(what);
    House house;
    CHECK(house.refusal(bytes) == ThumbnailRefusal::not_an_image);
    CHECK(house.metrics.value("mxcd_decodes_total{outcome=refused}") == 1);
}

TEST_CASE("half a first frame is none") {
    House house;
    const std::string video = test_video("h264.mp4");
    // Behind 222 bytes of sound come the 82 of the frame.
    const std::size_t whole = find_box(video, "mdat") + 4 + 222 + 82;
    for (std::size_t size = whole - 82; size < whole; ++size) {
        CAPTURE(whole - size);
        CHECK(house.refusal(video.substr(0, size)) == ThumbnailRefusal::not_an_image);
    }
    CHECK(house.decode(video.substr(0, whole)).facts.width == 64);
    // What the decoder makes up for damage in the middle is none either.
    std::string damaged = video;
    damaged[whole - 40] = static_cast<char>(~damaged[whole - 40]);
    CHECK(house.refusal(damaged) == ThumbnailRefusal::not_an_image);
}

TEST_CASE("hundreds of damaged videos: each is made or refused, and the decoder process lives") {
    std::mt19937 random(125);  // NOLINT(cert-msc51-cpp): the same damage each time
    const auto below = [&random](std::size_t end) {
        return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
    };
    House house;
    int made = 0;
    for (const std::string& name : {"h264.mp4"s, "hevc.mp4"s, "vp8.webm"s, "vp9.webm"s, "av1.mp4"s}) {
        const std::string video = test_video(name);
        for (int round = 0; round < 80; ++round) {
            std::string damaged = video;
            for (std::size_t count = 1 + below(8); count > 0; --count)
                damaged[below(damaged.size())] = static_cast<char>(below(256));
            if (round % 4 == 0) damaged.resize(below(damaged.size()) + 1);
            if (std::holds_alternative<media::DecodedPicture>(house.ask(damaged))) ++made;
        }
    }
    CHECK(made > 0);
    CHECK(made < 400);
    CHECK(house.metrics.value("mxcd_decodes_total{outcome=nonsense}") == 0);
    CHECK(house.metrics.value("mxcd_video_decoder_starts_total") == 1);
    CHECK(std::holds_alternative<media::DecodedPicture>(house.ask(test_video("h264.mp4"))));
}
