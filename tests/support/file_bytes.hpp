#pragma once

#include "mxcd/media/blob_store.hpp"

#include <unistd.h>

#include <stdexcept>
#include <string>

namespace mxcd::test {

/// All bytes of an open blob.
inline std::string bytes_of(const media::OpenBlob& file) {
    std::string bytes(static_cast<std::size_t>(file.size.value()), '\0');
    const ssize_t count = ::pread(file.file->get(), bytes.data(), bytes.size(), 0);
    if (count != static_cast<ssize_t>(bytes.size()))
        throw std::runtime_error("a blob is shorter than it says");
    return bytes;
}

}  // namespace mxcd::test
