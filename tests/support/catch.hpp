#pragma once

// Catch2 2 (Debian 12) and 3 (Debian 13) under one name, so that the move is one file.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
namespace mxcd::test {
inline auto contains(const std::string& text) { return Catch::Matchers::ContainsSubstring(text); }
}  // namespace mxcd::test
#else
#include <catch2/catch.hpp>
namespace mxcd::test {
inline auto contains(const std::string& text) { return Catch::Contains(text); }
}  // namespace mxcd::test
#endif
