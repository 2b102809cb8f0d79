#include "modules/frames.hpp"

#include "support/catch.hpp"

#include <string>

using namespace mxcd;
using matrix::Json;
using modules::BadFrame;
using modules::FrameReader;

TEST_CASE("a frame is a length of four bytes, big-endian, and its JSON") {
    CHECK(modules::frame_of({{"a", 1}}) == std::string("\0\0\0\x07{\"a\":1}", 11));
    CHECK_THROWS_AS(modules::frame_of({{"a", std::string(100, 'x')}}, 50), BadFrame);
}

TEST_CASE("frames are found however their bytes arrive") {
    const std::string bytes = modules::frame_of({{"n", 1}}) + modules::frame_of({{"n", 2}});
    SECTION("byte by byte") {
        FrameReader frames(100);
        int found = 0;
        for (const char byte : bytes) {
            frames.add({&byte, 1});
            while (const std::optional<Json> frame = frames.next()) CHECK(frame->at("n") == ++found);
        }
        CHECK(found == 2);
    }
    SECTION("all at once") {
        FrameReader frames(100);
        frames.add(bytes);
        CHECK(frames.next() == Json{{"n", 1}});
        CHECK(frames.next() == Json{{"n", 2}});
        CHECK(frames.next() == std::nullopt);
    }
}

TEST_CASE("what is no frame is told at once") {
    FrameReader frames(100);
    SECTION("a length beyond the cap, before its bytes are there") {
        frames.add(std::string_view("\x7f\xff\xff\xff", 4));
        CHECK_THROWS_AS(frames.next(), BadFrame);
    }
    SECTION("no JSON") {
        frames.add(std::string_view("\0\0\0\x03garbage", 11));
        CHECK_THROWS_AS(frames.next(), BadFrame);
    }
    SECTION("no object") {
        frames.add(std::string_view("\0\0\0\x02[]", 6));
        CHECK_THROWS_AS(frames.next(), BadFrame);
    }
    SECTION("nothing") {
        frames.add(std::string_view("\0\0\0\0", 4));
        CHECK_THROWS_AS(frames.next(), BadFrame);
    }
}
