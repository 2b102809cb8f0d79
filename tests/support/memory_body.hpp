#pragma once

#include "mxcd/async/byte_source.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace mxcd::test {

/// A request body that is already there, handed out in pieces.
class MemoryBody final : public async::ByteSource {
  public:
    explicit MemoryBody(std::string bytes, std::size_t piece = 64 * 1024)
        : bytes_(std::move(bytes)), piece_(piece) {}

    async::Task<std::span<const std::byte>> next() override {
        const std::size_t length = std::min(piece_, bytes_.size() - position_);
        const std::span<const char> piece(bytes_.data() + position_, length);
        position_ += length;
        co_return std::as_bytes(piece);
    }

  private:
    std::string bytes_;
    std::size_t piece_;
    std::size_t position_ = 0;
};

}  // namespace mxcd::test
