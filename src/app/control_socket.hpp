#pragma once

#include <filesystem>
#include <string>

namespace mxcd::app {

/// Where `mxcd backup` finds the running service: `control.sock` in the store's folder, by the shorter of its
/// absolute and relative names. Throws CommandError (78) when both are longer than the 107 bytes that the
/// path of a socket may have.
[[nodiscard]] std::string control_socket_path(const std::filesystem::path& media_store_path);

}  // namespace mxcd::app
