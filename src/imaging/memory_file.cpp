#include "memory_file.hpp"

#include "mxcd/base/errors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace mxcd::imaging {

base::UniqueFd make_memory_file(std::string_view bytes) {
    base::UniqueFd file(memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) throw base::UpstreamError("no memory for a picture");
    while (!bytes.empty()) {
        const ssize_t written = write(file.get(), bytes.data(), bytes.size());
        if (written <= 0) throw base::UpstreamError("no memory for a picture");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        throw base::UpstreamError("a picture cannot be sealed");
    return file;
}

}  // namespace mxcd::imaging
