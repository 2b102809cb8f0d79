#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/blob_store.hpp"

#include <string>

namespace mxcd::media {

/// Tells types of files by their bytes. Any thread may call; tasks resume on the caller's io thread.
class TypeSniffer {
  public:
    virtual ~TypeSniffer() = default;
    /// The lower-case `type/subtype`. Throws base::StorageError when it cannot tell, base::Overloaded.
    virtual async::Task<std::string> type_of(OpenBlob file) = 0;
};

}  // namespace mxcd::media
