#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace mxcd::base {

/// Lines that are put together of many small pieces, over and over. Keeps its memory.
class LineBuffer {
  public:
    void clear() { size_ = 0; }
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

    /// Room for `most` bytes behind the text, until the next call; end_at() says how far it was used.
    [[nodiscard]] char* room_for(std::size_t most) {
        if (bytes_.size() - size_ < most) bytes_.resize(2 * size_ + most);
        return bytes_.data() + size_;
    }
    void end_at(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.data()); }

  private:
    std::vector<char> bytes_;
    std::size_t size_ = 0;
};

}  // namespace mxcd::base
