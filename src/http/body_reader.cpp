#include "body_reader.hpp"

#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <string_view>

namespace mxcd::http {

namespace {

[[noreturn]] void client_is_gone() { throw base::ClientGone("the client hung up in mid-body"); }

std::optional<std::size_t> receive_or_gone(Connection& connection, std::span<std::byte> into) {
    try {
        return connection.receive(into);
    } catch (const boost::system::system_error&) {
        client_is_gone();
    }
}

}  // namespace

BodyReader::BodyReader(Lane& lane, Connection& connection, HeadBuffer& leftovers, BodyFraming framing)
    : lane_(lane),
      connection_(connection),
      leftovers_(leftovers),
      framing_(framing),
      pace_(lane.settings.pace),
      remaining_(framing.length) {}

BodyReader::~BodyReader() { connection_.set_low_water(1); }

async::Task<std::span<const std::byte>> BodyReader::next() {
    buffer_.give_back();
    if (is_broken_) throw base::MalformedBody("the body could not be read before");
    if (is_complete()) co_return std::span<const std::byte>();
    is_broken_ = true;  // until this call has ended well
    std::span<const std::byte> piece = take_leftovers();
    if (piece.empty() && !has_ended()) piece = co_await read_socket();
    is_broken_ = false;
    co_return piece;
}

async::Task<std::span<const std::byte>> BodyReader::read_socket() {
    if (framing_.expects_continue && raw_received_ == 0) co_await send_continue();
    for (;;) {
        connection_.set_low_water(static_cast<std::int64_t>(
            std::min<std::size_t>(BodyBuffer::size, static_cast<std::size_t>(least_remaining()))));
        const Woken woken = co_await connection_.wait(Direction::read, pace_, raw_received_);
        if (woken != Woken::ready) throw async::TimedOut{};
        BodyBuffers::Loan loan = co_await lane_.body_buffers.borrow();
        buffer_ = std::move(loan);
        const std::optional<std::size_t> count =
            receive_or_gone(connection_, buffer_->bytes().first(read_size()));
        if (count && *count == 0) client_is_gone();
        const std::span<const std::byte> piece = take_buffer(count.value_or(0));
        if (has_ended()) connection_.set_low_water(1);
        if (!piece.empty() || has_ended()) co_return piece;
        buffer_.give_back();
    }
}

async::Task<> BodyReader::send_continue() {
    static constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
    framing_.expects_continue = false;
    std::string_view rest = interim;
    while (!rest.empty()) {
        const iovec piece{const_cast<char*>(rest.data()), rest.size()};
        std::size_t sent = 0;
        try {
            sent = connection_.send(std::span(&piece, 1), false).value_or(0);
        } catch (const boost::system::system_error&) {
            client_is_gone();
        }
        rest.remove_prefix(sent);
        if (rest.empty()) break;
        const Woken woken =
            co_await connection_.wait(Direction::write, SteadyClock::now() + lane_.settings.pace.idle);
        if (woken != Woken::ready) throw async::TimedOut{};
    }
}

std::int64_t BodyReader::least_remaining() const {
    return framing_.is_chunked ? decoder_.least_remaining() : remaining_;
}

std::size_t BodyReader::read_size() const {
    const auto least = static_cast<std::size_t>(least_remaining());
    const std::size_t allowed = framing_.is_chunked ? least + leftovers_.overread_limit() : least;
    return std::min(BodyBuffer::size, allowed);
}

std::span<const std::byte> BodyReader::take(std::span<std::byte> raw, std::size_t& consumed) {
    ChunkDecoder::Step step;
    if (framing_.is_chunked) {
        step = decoder_.decode(raw);
    } else {
        step.data = static_cast<std::size_t>(std::min(remaining_, static_cast<std::int64_t>(raw.size())));
        step.consumed = step.data;
        remaining_ -= static_cast<std::int64_t>(step.data);
    }
    received_ += static_cast<std::int64_t>(step.data);
    raw_received_ += static_cast<std::int64_t>(step.consumed);
    consumed = step.consumed;
    return raw.first(step.data);
}

std::span<const std::byte> BodyReader::take_leftovers() {
    const std::span<std::byte> raw = leftovers_.unread();
    if (raw.empty()) return {};
    std::size_t consumed = 0;
    const std::span<const std::byte> piece = take(raw, consumed);
    leftovers_.consume(consumed);
    return piece;
}

std::span<const std::byte> BodyReader::take_buffer(std::size_t count) {
    const std::span<std::byte> raw = buffer_->bytes().first(count);
    std::size_t consumed = 0;
    const std::span<const std::byte> piece = take(raw, consumed);
    if (consumed < raw.size()) leftovers_.put_back(raw.subspan(consumed));
    return piece;
}

bool BodyReader::skip_buffered() {
    if (is_broken_) return false;
    try {
        static_cast<void>(take_leftovers());
    } catch (const base::MalformedBody&) {
        return false;
    }
    return is_complete();
}

}  // namespace mxcd::http
