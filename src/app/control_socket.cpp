#include "control_socket.hpp"

#include "exit_codes.hpp"

#include <system_error>

namespace mxcd::app {

std::string control_socket_path(const std::filesystem::path& media_store_path) {
    constexpr std::size_t longest = 107;  // sockaddr_un::sun_path without its final NUL
    std::string given = (media_store_path / "control.sock").string();
    if (given.size() <= longest) return given;
    std::error_code error;
    const std::string relative = std::filesystem::relative(media_store_path, error) / "control.sock";
    if (!error && relative.size() <= longest) return relative;
    throw CommandError(
        ExitCode::configuration,
        "media_store_path is too long: the path of the socket in it may have 107 bytes; start mxcd in "
        "a folder near it, or use a shorter path");
}

}  // namespace mxcd::app
