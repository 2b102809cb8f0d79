#include "disk_calls.hpp"

#include "mxcd/base/errors.hpp"

#include <cerrno>
#include <string>
#include <system_error>

namespace mxcd::blobs {

bool means_full(int error) { return error == ENOSPC || error == EDQUOT; }

void throw_disk_error(const char* doing, int error) {
    const std::string text = std::string(doing) + ": " + std::generic_category().message(error);
    if (means_full(error)) throw base::StorageFull(text);
    if (error == EMFILE || error == ENFILE) throw base::Overloaded(text);
    throw base::StorageError(text);
}

}  // namespace mxcd::blobs
