#pragma once

#include "support/catch.hpp"

#include <fstream>
#include <iterator>
#include <string>

namespace mxcd::test {

/// The bytes of one of the files in tests/videos, where `make` says what they are.
inline std::string test_video(const std::string& name) {
    std::ifstream file(std::string(MXCD_TEST_VIDEOS "/") + name, std::ios::binary);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace mxcd::test
