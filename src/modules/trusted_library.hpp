#pragma once

#include "mxcd/modules/library.hpp"

namespace mxcd::modules {

/// A plugin inside this process, stopped on one of `workers`. Throws LibraryError.
[[nodiscard]] std::shared_ptr<media::MediaModule> make_trusted_library(const LibraryConfig& config,
                                                                       async::WorkerPool& workers);

}  // namespace mxcd::modules
