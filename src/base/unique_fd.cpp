#include "mxcd/base/unique_fd.hpp"

#include <unistd.h>

namespace mxcd::base {

void UniqueFd::reset(int fd) {
    const int old = std::exchange(fd_, fd);
    // Linux frees the number even when close reports EINTR, so a second try could close a stranger's.
    if (old >= 0 && old != fd) ::close(old);
}

}  // namespace mxcd::base
