#include "spool_stream.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace mxcd::blobs {

namespace {

constexpr std::int64_t direct_from = 8 * 1024 * 1024;
/// What O_DIRECT wants of offsets, lengths and memory: a multiple of the device's sector, at most a page.
constexpr std::size_t block = 4096;
constexpr std::size_t staging_size = 256 * 1024;

struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
};

/// One for each worker: nothing stays in it from one call to the next.
std::span<std::byte> staging() {
    thread_local const std::unique_ptr<std::byte, Free> memory(
        static_cast<std::byte*>(std::aligned_alloc(block, staging_size)));
    if (!memory) throw std::bad_alloc();
    return {memory.get(), staging_size};
}

}  // namespace

void SpoolStream::append(std::span<const std::byte> bytes) {
    if (!is_direct_) {
        const auto cached = std::min(
            bytes.size(), static_cast<std::size_t>(std::max<std::int64_t>(direct_from - written_, 0)));
        write(bytes.first(cached));
        bytes = bytes.subspan(cached);
        if (bytes.empty()) return;
        is_direct_ = written_ == direct_from && disk_.begin_direct(spool_);
    }
    if (is_direct_)
        append_blocks(bytes);
    else
        write(bytes);
}

void SpoolStream::append_blocks(std::span<const std::byte> bytes) {
    const std::span<std::byte> stage = staging();
    while (!bytes.empty()) {
        std::ranges::copy(rest_, stage.begin());
        const std::size_t taken = std::min(bytes.size(), stage.size() - rest_.size());
        std::ranges::copy(bytes.first(taken), stage.subspan(rest_.size()).begin());
        bytes = bytes.subspan(taken);
        const std::span<const std::byte> staged = stage.first(rest_.size() + taken);
        const std::size_t whole = staged.size() - staged.size() % block;
        write(staged.first(whole));
        const std::span<const std::byte> left = staged.subspan(whole);
        rest_.assign(left.begin(), left.end());
    }
}

void SpoolStream::finish() {
    FolderDisk::end_direct(spool_);
    write(rest_);
    rest_.clear();
}

void SpoolStream::write(std::span<const std::byte> bytes) {
    disk_.append(spool_, bytes, base::ByteCount(written_));
    written_ += static_cast<std::int64_t>(bytes.size());
}

}  // namespace mxcd::blobs
