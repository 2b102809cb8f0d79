#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mxcd::http {

/// Takes the chunked coding off a body (RFC 9112, 7.1), strictly: hexadecimal sizes without extensions, no
/// trailers. Everything else could be read in two ways.
class ChunkDecoder {
  public:
    struct Step {
        std::size_t data = 0;      // bytes of body, now at the front of the input
        std::size_t consumed = 0;  // bytes of input used; less than all of it only after the end of the body
    };

    /// Decodes in place: the body's bytes move to the front of `raw`. Throws base::MalformedBody.
    [[nodiscard]] Step decode(std::span<std::byte> raw);
    [[nodiscard]] bool is_done() const { return state_ == State::done; }
    /// Bytes of input that must still come, whatever the sender does: reading that many never reads too far.
    [[nodiscard]] std::int64_t least_remaining() const;

  private:
    enum class State : std::uint8_t {
        size_begin,
        size,
        size_end,
        data,
        data_end,
        data_lf,
        last_cr,
        last_lf,
        done
    };

    void take(std::byte byte);
    void take_digit(char digit);
    void end_size_line();

    State state_ = State::size_begin;
    std::int64_t size_ = 0;  // of this chunk so far, then what is left of it
    int digits_ = 0;
};

}  // namespace mxcd::http
