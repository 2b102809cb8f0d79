#include "chunk_decoder.hpp"

#include "mxcd/base/errors.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace mxcd::http {

namespace {

constexpr int max_digits = 16;
constexpr std::int64_t last_chunk_size = 5;  // "0 CRLF CRLF"

[[noreturn]] void refuse() { throw base::MalformedBody("broken chunked coding"); }

void expect(char found, char expected) {
    if (found != expected) refuse();
}

int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    refuse();
}

}  // namespace

ChunkDecoder::Step ChunkDecoder::decode(std::span<std::byte> raw) {
    Step step;
    while (step.consumed < raw.size() && state_ != State::done) {
        if (state_ != State::data) {
            take(raw[step.consumed++]);
            continue;
        }
        const auto left = static_cast<std::int64_t>(raw.size() - step.consumed);
        const auto piece = static_cast<std::size_t>(std::min(size_, left));
        if (step.data != step.consumed) std::memmove(&raw[step.data], &raw[step.consumed], piece);
        step.data += piece;
        step.consumed += piece;
        size_ -= static_cast<std::int64_t>(piece);
        if (size_ == 0) state_ = State::data_end;
    }
    return step;
}

void ChunkDecoder::take(std::byte byte) {
    const char c = static_cast<char>(byte);
    switch (state_) {
        case State::size_begin:
            take_digit(c);
            state_ = State::size;
            break;
        case State::size:
            if (c == '\r')
                state_ = State::size_end;
            else
                take_digit(c);
            break;
        case State::size_end:
            expect(c, '\n');
            end_size_line();
            break;
        case State::data_end:
            expect(c, '\r');
            state_ = State::data_lf;
            break;
        case State::data_lf:
            expect(c, '\n');
            state_ = State::size_begin;
            break;
        case State::last_cr:
            expect(c, '\r');
            state_ = State::last_lf;
            break;
        case State::last_lf:
            expect(c, '\n');
            state_ = State::done;
            break;
        case State::data:
        case State::done:
            break;
    }
}

void ChunkDecoder::take_digit(char digit) {
    const int value = digit_value(digit);
    if (++digits_ > max_digits || size_ > (std::numeric_limits<std::int64_t>::max() >> 4)) refuse();
    size_ = size_ * 16 + value;
}

void ChunkDecoder::end_size_line() {
    state_ = size_ == 0 ? State::last_cr : State::data;
    digits_ = 0;
}

std::int64_t ChunkDecoder::least_remaining() const {
    constexpr std::int64_t after_data = 2 + last_chunk_size;
    // A chunk cannot be smaller than its digits so far say; no body of ours comes near the limit that is kept
    // free.
    const std::int64_t data = std::min(size_, std::numeric_limits<std::int64_t>::max() / 2);
    switch (state_) {
        case State::size_begin:
            return last_chunk_size;
        case State::size:
            return 2 + (data == 0 ? 2 : data + after_data);
        case State::size_end:
            return 1 + (data == 0 ? 2 : data + after_data);
        case State::data:
            return data + after_data;
        case State::data_end:
            return after_data;
        case State::data_lf:
            return after_data - 1;
        case State::last_cr:
            return 2;
        case State::last_lf:
            return 1;
        case State::done:
            break;
    }
    return 0;
}

}  // namespace mxcd::http
