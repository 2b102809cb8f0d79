#include "mxcd/base/random.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <vector>

using mxcd::base::make_system_random;
using mxcd::base::random_letters;
using mxcd::base::RandomSource;

namespace {

/// Every byte value in turn.
class CountingSource final : public RandomSource {
  public:
    void fill(std::span<std::byte> bytes) override {
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(next_++);
    }

  private:
    unsigned char next_ = 0;
};

}  // namespace

TEST_CASE("random letters are letters, as many as asked for, and never the same") {
    const auto random = make_system_random();
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string text = random_letters(*random, 24);
        REQUIRE(text.size() == 24);
        REQUIRE(std::all_of(text.begin(), text.end(),
                            [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }));
        REQUIRE(seen.insert(text).second);
    }
    CHECK(random_letters(*random, 0).empty());
}

TEST_CASE("every letter is equally likely") {
    CountingSource every_byte_equally_often;
    std::map<char, int> counts;
    // 208 of 256 bytes become letters: 4 of each.
    for (const char letter : random_letters(every_byte_equally_often, 208 * 16)) ++counts[letter];
    REQUIRE(counts.size() == 52);
    for (const auto& [letter, count] : counts) CHECK(count == 64);
}

TEST_CASE("the system's generator fills every byte, also of more than one call gives") {
    const auto random = make_system_random();
    std::vector<std::byte> bytes(300'000);
    random->fill(bytes);
    const auto zeros = std::count(bytes.end() - 50'000, bytes.end(), std::byte{0});
    CHECK(zeros < 1000);
    random->fill({});
}
