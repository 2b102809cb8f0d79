#pragma once

#include <string_view>

namespace mxcd::app {

/// Keys of a Synapse homeserver.yaml that have to do with media, listeners, federation or operation, and that
/// mxcd does not use: naming them is a warning, so that a pasted section works.
[[nodiscard]] bool is_unused_synapse_key(std::string_view key);
/// The same for the keys of one Synapse listener.
[[nodiscard]] bool is_unused_synapse_listener_key(std::string_view key);

}  // namespace mxcd::app
