#pragma once

#include "mxcd/base/unique_fd.hpp"

#include <string_view>

namespace mxcd::imaging {

/// A file in memory that nobody can change any more. Throws base::UpstreamError.
[[nodiscard]] base::UniqueFd make_memory_file(std::string_view bytes);

}  // namespace mxcd::imaging
