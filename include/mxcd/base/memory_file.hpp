#pragma once

#include "mxcd/base/unique_fd.hpp"

#include <string_view>

namespace mxcd::base {

/// A file that exists only in memory and holds `bytes`, for those who want a descriptor. Sealed: whoever gets
/// it can neither write to it nor change its size. `name` is seen in /proc only. Throws StorageError.
[[nodiscard]] UniqueFd memory_file(const char* name, std::string_view bytes);

}  // namespace mxcd::base
