#pragma once

#include "mxcd/base/errors.hpp"
#include "mxcd/media/type_sniffer.hpp"

#include "support/file_bytes.hpp"

#include <atomic>
#include <string>

namespace mxcd::test {

/// A sniffer that knows PNG files, and takes everything else for text.
class FirstBytesSniffer final : public media::TypeSniffer {
  public:
    std::atomic<bool> is_broken = false;

    async::Task<std::string> type_of(media::OpenBlob file) override {
        if (is_broken) throw base::StorageError("the sniffer was told to fail");
        co_return bytes_of(file).starts_with("\x89PNG") ? "image/png" : "text/plain";
    }
};

}  // namespace mxcd::test
