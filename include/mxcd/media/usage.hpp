#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/matrix/ids.hpp"
#include "mxcd/media/upload_ledger.hpp"
#include "mxcd/media/uploads.hpp"

#include <vector>

namespace mxcd::media {

/// What a user has used of what the user may use.
struct UserUsage {
    StoredMedia stored;
    std::vector<WindowUsage> windows;  // of the limits that apply to this user
};

/// Telling users what they have used.
class Usage {
  public:
    /// References must outlive it.
    Usage(const Uploads& uploads, UploadLedger& ledger) : uploads_(uploads), ledger_(ledger) {}

    /// The limits are those that an upload would be judged by: the modules', or else the configured ones.
    async::Task<UserUsage> of(matrix::UserId user) const;

  private:
    const Uploads& uploads_;
    UploadLedger& ledger_;
};

}  // namespace mxcd::media
