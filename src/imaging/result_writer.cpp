#include "result_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace mxcd::imaging {

void ResultWriter::write(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
        const ssize_t sent = ::write(socket_, bytes.data(), std::min(bytes.size(), max_packet));
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) std::_Exit(EXIT_FAILURE);
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
}

}  // namespace mxcd::imaging
