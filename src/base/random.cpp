#include "mxcd/base/random.hpp"

#include "mxcd/base/errors.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace mxcd::base {

namespace {

class SystemRandom final : public RandomSource {
  public:
    void fill(std::span<std::byte> bytes) override {
        while (!bytes.empty()) {
            const ssize_t count = getrandom(bytes.data(), bytes.size(), 0);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) throw StorageError("getrandom failed");
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        }
    }
};

}  // namespace

std::unique_ptr<RandomSource> make_system_random() { return std::make_unique<SystemRandom>(); }

std::string random_letters(RandomSource& random, std::size_t length) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // Bytes from the incomplete last multiple of 52 would make the first letters likelier.
    constexpr std::size_t fair_values = 256 / letters.size() * letters.size();

    std::string text;
    text.reserve(length);
    std::array<std::byte, 64> bytes{};
    while (text.size() < length) {
        random.fill(bytes);
        for (const std::byte byte : bytes) {
            const auto value = std::to_integer<std::size_t>(byte);
            if (value < fair_values && text.size() < length) text.push_back(letters[value % letters.size()]);
        }
    }
    return text;
}

}  // namespace mxcd::base
