#pragma once

#include "mxcd/async/byte_source.hpp"

#include "body_buffers.hpp"
#include "chunk_decoder.hpp"
#include "connection.hpp"
#include "head_buffer.hpp"
#include "lane.hpp"
#include "request_head.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace mxcd::http {

/// The body of one request, straight from the socket; what came along with the header is used first. A buffer
/// is borrowed only while the socket has bytes. Never reads past the body, but for what the header buffer can
/// take back.
class BodyReader final : public async::ByteSource {
  public:
    BodyReader(Lane& lane, Connection& connection, HeadBuffer& leftovers, BodyFraming framing);
    ~BodyReader() override;
    BodyReader(const BodyReader&) = delete;
    BodyReader& operator=(const BodyReader&) = delete;

    async::Task<std::span<const std::byte>> next() override;

    [[nodiscard]] bool is_complete() const { return !is_broken_ && has_ended(); }
    /// Skips what has arrived already; true when that was all of it and the connection can go on.
    [[nodiscard]] bool skip_buffered();
    /// Bytes of body handed out.
    [[nodiscard]] std::int64_t received() const { return received_; }

  private:
    async::Task<std::span<const std::byte>> read_socket();
    async::Task<> send_continue();
    std::span<const std::byte> take(std::span<std::byte> raw, std::size_t& consumed);
    std::span<const std::byte> take_leftovers();
    std::span<const std::byte> take_buffer(std::size_t count);
    [[nodiscard]] bool has_ended() const {
        return framing_.is_chunked ? decoder_.is_done() : remaining_ == 0;
    }
    [[nodiscard]] std::size_t read_size() const;
    [[nodiscard]] std::int64_t least_remaining() const;

    Lane& lane_;
    Connection& connection_;
    HeadBuffer& leftovers_;
    BodyFraming framing_;
    ChunkDecoder decoder_;
    BodyBuffers::Loan buffer_;
    Pace pace_;
    std::int64_t remaining_;  // of a body with a length
    std::int64_t received_ = 0;
    std::int64_t raw_received_ = 0;
    bool is_broken_ = false;
};

}  // namespace mxcd::http
