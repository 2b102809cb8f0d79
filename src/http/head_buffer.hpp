#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace mxcd::http {

/// What a connection has sent and nobody has used yet: a request header at the front, then whatever came with
/// it (body, pipelined requests). Large, so it is borrowed while a request is served and never held by an
/// idle connection.
class HeadBuffer {
  public:
    /// Also the limit of a header block.
    static constexpr std::size_t capacity = 16 * 1024;

    /// Where new bytes go; commit() says how many came.
    [[nodiscard]] std::span<std::byte> free_space() { return std::span(bytes_).subspan(end_); }
    void commit(std::size_t count) { end_ += count; }

    [[nodiscard]] std::string_view text() const;

    /// The first `size` bytes are the header: views into them hold until next_request().
    void set_header(std::size_t size);
    /// Bytes after the header.
    [[nodiscard]] std::span<std::byte> unread() { return std::span(bytes_).subspan(begin_, end_ - begin_); }
    void consume(std::size_t count);
    /// Takes bytes that were read too far and belong behind the header. They must fit into overread_limit().
    void put_back(std::span<const std::byte> bytes);
    [[nodiscard]] std::size_t overread_limit() const { return capacity - header_; }

    /// Drops the header and moves what is unread to the front.
    void next_request();
    void clear() { begin_ = end_ = header_ = 0; }

  private:
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t header_ = 0;
    std::array<std::byte, capacity> bytes_;
};

}  // namespace mxcd::http
