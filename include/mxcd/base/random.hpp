#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace mxcd::base {

/// Where unguessable bytes come from. Thread-safe.
class RandomSource {
  public:
    virtual ~RandomSource() = default;
    virtual void fill(std::span<std::byte> bytes) = 0;
};

/// The operating system's generator.
[[nodiscard]] std::unique_ptr<RandomSource> make_system_random();

/// `length` letters `[A-Za-z]`, each equally likely.
[[nodiscard]] std::string random_letters(RandomSource& random, std::size_t length);

}  // namespace mxcd::base
