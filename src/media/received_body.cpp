#include "received_body.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/hash.hpp"
#include "mxcd/base/memory_file.hpp"
#include "mxcd/matrix/error.hpp"

#include <cstddef>
#include <span>
#include <utility>

namespace mxcd::media {

namespace {

void require_within(const BodyRules& rules, base::ByteCount size) {
    if (rules.declared_size && size > *rules.declared_size)
        throw base::MalformedBody("the body is longer than declared");
    if (size > rules.max_size)
        throw matrix::Error(matrix::ErrorCode::too_large, "Upload request body is too large");
}

/// Decides where the body goes before its first byte is asked for, when its size is known.
async::Task<> prepare(ReceivedBody& received, const BodyRules& rules, BlobStore& blobs) {
    if (!rules.declared_size) co_return;
    if (*rules.declared_size > rules.inline_max) {
        received.writer = co_await blobs.create();
    } else {
        received.bytes.reserve(static_cast<std::size_t>(rules.declared_size->value()));
    }
}

async::Task<> spill(ReceivedBody& received, BlobStore& blobs) {
    received.writer = co_await blobs.create();
    const std::string collected = std::exchange(received.bytes, std::string());
    if (!collected.empty()) co_await received.writer->write(std::as_bytes(std::span(collected)));
}

async::Task<> append(ReceivedBody& received, std::span<const std::byte> piece, const BodyRules& rules,
                     BlobStore& blobs) {
    received.size += base::ByteCount(std::ssize(piece));
    require_within(rules, received.size);
    if (!received.writer && received.size > rules.inline_max) co_await spill(received, blobs);
    if (received.writer) {
        co_await received.writer->write(piece);
    } else {
        received.bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
}

async::Task<> seal(ReceivedBody& received) {
    if (!received.writer) {
        received.key.sha256 = base::sha256(received.bytes);
        co_return;
    }
    const SpooledBody spooled = co_await received.writer->finish();
    if (spooled.size != received.size) throw base::StorageError("the spool lost count of a body");
    received.key = spooled.key;
}

}  // namespace

async::Task<ReceivedBody> receive_body(async::ByteSource& body, BodyRules rules, BlobStore& blobs) {
    ReceivedBody received;
    co_await prepare(received, rules, blobs);
    while (true) {
        const std::span<const std::byte> piece = co_await body.next();
        if (piece.empty()) break;
        co_await append(received, piece, rules, blobs);
    }
    if (rules.declared_size && received.size < *rules.declared_size)
        throw base::ClientGone("the body ended before its declared size");
    co_await seal(received);
    co_return std::move(received);
}

async::Task<OpenBlob> open_received(const ReceivedBody& received) {
    if (received.writer) {
        OpenBlob spooled = co_await received.writer->open();
        co_return spooled;
    }
    base::UniqueFd file = base::memory_file("upload", received.bytes);
    co_return OpenBlob{std::make_shared<const base::UniqueFd>(std::move(file)), received.size};
}

}  // namespace mxcd::media
