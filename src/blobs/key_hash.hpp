#pragma once

#include "mxcd/media/media_record.hpp"

#include <cstddef>
#include <cstring>

namespace mxcd::blobs {

/// For hash tables: a key is evenly spread already, so its first bytes do.
struct KeyHash {
    std::size_t operator()(const media::BlobKey& key) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, key.sha256.data(), sizeof value);
        return value;
    }
};

}  // namespace mxcd::blobs
