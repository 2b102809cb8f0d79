#pragma once

#include "mxcd/media/media_module.hpp"
#include "mxcd/modules/children.hpp"

#include <memory>

namespace mxcd::modules {

/// A module in a child process: its callbacks are calls of the child, in the JSON forms that webhooks have
/// (callback_json.hpp). A callback that the child does not have costs nothing. The call of
/// get_media_upload_limits_for_user has `size` besides; check_media_file brings the file along.
[[nodiscard]] std::shared_ptr<media::MediaModule> make_child_module(const std::shared_ptr<Child>& child);

}  // namespace mxcd::modules
