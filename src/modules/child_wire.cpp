#include "child_wire.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace mxcd::modules {

namespace {

constexpr std::size_t most_files = 16;

struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_files)> bytes{};
};

void take_files(msghdr& message, std::deque<base::UniqueFd>& files) {
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t index = 0; index < count; ++index) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(header) + index * sizeof descriptor, sizeof descriptor);
            files.emplace_back(descriptor);
        }
    }
}

}  // namespace

bool ChildWire::read_more() {
    std::array<char, std::size_t{16} * 1024> buffer{};
    iovec part{buffer.data(), buffer.size()};
    Control control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    ssize_t count = -1;
    do {
        count = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) return false;
    take_files(message, files_);
    if ((message.msg_flags & MSG_CTRUNC) != 0)
        throw std::system_error(EMFILE, std::generic_category(), "a file got lost");
    frames_.add(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
    return true;
}

std::optional<ChildWire::Received> ChildWire::receive() {
    std::optional<matrix::Json> frame = frames_.next();
    while (!frame) {
        if (!read_more()) return std::nullopt;
        frame = frames_.next();
    }
    Received received{*std::move(frame), {}};
    if (matrix::get_bool(received.frame, "has_file").value_or(false) && !files_.empty()) {
        received.file = std::move(files_.front());
        files_.pop_front();
    }
    return received;
}

void ChildWire::send(const matrix::Json& frame) {
    const std::string bytes = frame_of(frame, longest_frame_from_child);
    const std::lock_guard lock(sending_);
    for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t count = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return;
        sent += static_cast<std::size_t>(count);
    }
}

}  // namespace mxcd::modules
