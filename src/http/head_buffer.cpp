#include "head_buffer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace mxcd::http {

std::string_view HeadBuffer::text() const {
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + begin_, end_ - begin_);
}

void HeadBuffer::set_header(std::size_t size) {
    assert(begin_ + size <= end_);
    header_ = begin_ + size;
    begin_ = header_;
}

void HeadBuffer::consume(std::size_t count) {
    assert(count <= end_ - begin_);
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = header_;
}

void HeadBuffer::put_back(std::span<const std::byte> bytes) {
    assert(begin_ == end_ && bytes.size() <= overread_limit());
    begin_ = header_;
    end_ = header_ + bytes.size();
    std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
}

void HeadBuffer::next_request() {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = header_ = 0;
}

}  // namespace mxcd::http
