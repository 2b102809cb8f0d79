#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/media/type_sniffer.hpp"

#include <memory>

namespace mxcd::modules {

/// libmagic, on `workers`, which must outlive it. It looks at the first 64 KiB.
[[nodiscard]] std::unique_ptr<media::TypeSniffer> make_type_sniffer(async::WorkerPool& workers);

}  // namespace mxcd::modules
