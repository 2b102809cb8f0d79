#pragma once

#include <functional>
#include <string>

namespace mxcd::blobs {

/// Calls `visit` with every name in the folder `name` below `parent`, in no order, `.` and `..` left out.
/// Throws base::StorageError.
void for_each_name(int parent, const std::string& name, const std::function<void(const std::string&)>& visit);

}  // namespace mxcd::blobs
