#pragma once

#include "mxcd/media/blob_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace mxcd::test {

/// A body of `size` bytes that differs from those with another `seed`.
inline std::string sample_body(std::size_t size, unsigned seed = 1) {
    std::string body(size, '\0');
    std::uint32_t state = seed * 2654435761U + 1;
    for (char& c : body) {
        state = state * 1664525U + 1013904223U;
        c = static_cast<char>(state >> 24U);
    }
    return body;
}

/// The whole of an open blob.
inline std::string content_of(const media::OpenBlob& blob) {
    std::string bytes(static_cast<std::size_t>(blob.size.value()), '\0');
    const ssize_t count = pread(blob.file->get(), bytes.data(), bytes.size(), 0);
    if (count != static_cast<ssize_t>(bytes.size()))
        throw std::runtime_error("a blob is shorter than its size");
    return bytes;
}

/// A writer that has taken the whole body, in pieces.
inline async::Task<std::unique_ptr<media::BlobWriter>> spool(media::BlobStore& store, const std::string& body,
                                                             std::size_t piece = 256 * 1024) {
    std::unique_ptr<media::BlobWriter> writer = co_await store.create();
    for (std::size_t at = 0; at < body.size(); at += piece) {
        const std::span<const char> bytes(body.data() + at, std::min(piece, body.size() - at));
        co_await writer->write(std::as_bytes(bytes));
    }
    co_return std::move(writer);
}

/// Puts a body in place; whether it stays is up to the caller.
inline async::Task<std::unique_ptr<media::StoredBlob>> store_body(media::BlobStore& store,
                                                                  const std::string& body) {
    std::unique_ptr<media::BlobWriter> writer = co_await spool(store, body);
    static_cast<void>(co_await writer->finish());
    std::unique_ptr<media::StoredBlob> stored = co_await writer->store();
    co_return std::move(stored);
}

}  // namespace mxcd::test
