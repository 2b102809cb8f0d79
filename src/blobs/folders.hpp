#pragma once

#include "mxcd/base/unique_fd.hpp"
#include "mxcd/media/media_record.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>

namespace mxcd::blobs {

/// How many folders the blobs are spread over: one per value of the key's first byte.
inline constexpr std::size_t shard_count = 256;

/// The open folders of a store, and the lock that keeps a second instance out for as long as this lives.
struct Folders {
    base::UniqueFd lock;
    base::UniqueFd spool;
    base::UniqueFd blobs;
};

/// Opens the store's folders, creating what is missing, and proves that they can be used: rights, one file
/// system, hard links. Throws OpenError with a text that says what to do.
[[nodiscard]] Folders open_folders(const std::filesystem::path& configured);

[[nodiscard]] std::size_t shard_of(const media::BlobKey& key);
/// The shard's folder below `blobs`: two hexadecimal digits.
[[nodiscard]] std::string shard_name(std::size_t shard);
/// The blob's place below `blobs`: `ab/<sha256 hex>`.
[[nodiscard]] std::string blob_path(const media::BlobKey& key);

/// Whether `text` is what BlobKey::hex() writes.
[[nodiscard]] bool is_key_text(const std::string& text);

}  // namespace mxcd::blobs
