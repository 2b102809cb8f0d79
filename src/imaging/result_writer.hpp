#pragma once

#include "decode_order.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace mxcd::imaging {

/// Sends a decode's result to the service, in packets. Ends the process when nobody takes them any more.
class ResultWriter {
  public:
    explicit ResultWriter(int socket) : socket_(socket) {}

    void head(const ResultHead& head) const { write(std::as_bytes(std::span(&head, 1))); }
    void thumbnail(const ThumbnailHead& head, std::span<const std::byte> bytes) const {
        write(std::as_bytes(std::span(&head, 1)));
        write(bytes);
    }
    void write(std::span<const std::byte> bytes) const;

  private:
    int socket_;
};

}  // namespace mxcd::imaging
