#pragma once

#include "mxcd/base/hash.hpp"
#include "mxcd/base/memory_file.hpp"
#include "mxcd/media/media_module.hpp"

#include <iterator>
#include <memory>
#include <optional>
#include <string>

namespace mxcd::test {

/// A text file of @a:b's, as modules are asked about it.
inline media::FileFacts file_of(const std::string& bytes) {
    const media::OpenBlob file{std::make_shared<const base::UniqueFd>(base::memory_file("test", bytes)),
                               base::ByteCount(std::ssize(bytes))};
    return {{matrix::UserId::parse("@a:b").value(), file.size, "text/plain", std::nullopt},
            matrix::MediaId::parse("abc").value(),
            media::BlobKey{base::sha256(bytes)},
            "text/plain",
            file};
}

}  // namespace mxcd::test
