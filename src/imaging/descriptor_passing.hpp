#pragma once

#include "mxcd/base/unique_fd.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace mxcd::imaging {

struct Packet {
    std::size_t size = 0;  // 0: the other end is closed
    std::vector<base::UniqueFd> descriptors;
};

/// Sends one packet with descriptors on a SOCK_SEQPACKET socket; false when the other end is gone.
[[nodiscard]] bool send_packet(int socket, std::span<const std::byte> bytes,
                               std::span<const int> descriptors = {});

/// Receives one packet into `buffer`, with at most four descriptors. Nothing when the socket is broken or
/// has nothing (a wait must have come before).
[[nodiscard]] std::optional<Packet> receive_packet(int socket, std::span<std::byte> buffer);

}  // namespace mxcd::imaging
