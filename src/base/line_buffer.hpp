#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace mxcd::base {

/// Text that is put together of many small pieces, over and over: each is copied in place, where a
/// std::string makes a call. Keeps its memory.
class LineBuffer {
  public:
    void clear() { size_ = 0; }
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

    LineBuffer& operator+=(std::string_view piece) {
        make_room(piece.size());
        std::memcpy(bytes_.data() + size_, piece.data(), piece.size());
        size_ += piece.size();
        return *this;
    }
    LineBuffer& operator+=(char letter) {
        make_room(1);
        bytes_[size_++] = letter;
        return *this;
    }

  private:
    void make_room(std::size_t more) {
        if (bytes_.size() - size_ < more) bytes_.resize(2 * (size_ + more));
    }

    std::vector<char> bytes_ = std::vector<char>(1024);
    std::size_t size_ = 0;
};

}  // namespace mxcd::base
