#include "mxcd/base/memory_file.hpp"

#include "mxcd/base/errors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace mxcd::base {

namespace {

[[noreturn]] void throw_memory_error() {
    throw StorageError("cannot make a file in memory: " + std::generic_category().message(errno));
}

}  // namespace

UniqueFd memory_file(const char* name, std::string_view bytes) {
    UniqueFd file(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) throw_memory_error();
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const ssize_t count = write(file.get(), rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_memory_error();
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    if (lseek(file.get(), 0, SEEK_SET) != 0) throw_memory_error();
    constexpr int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (fcntl(file.get(), F_ADD_SEALS, seals) != 0) throw_memory_error();
    return file;
}

}  // namespace mxcd::base
