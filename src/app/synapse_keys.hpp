#pragma once

#include <string_view>

namespace mxcd::app {

/// Media keys of a Synapse homeserver.yaml that mxcd does not use: naming them is a warning.
[[nodiscard]] bool is_unused_synapse_key(std::string_view key);
/// The same for the keys of one Synapse listener.
[[nodiscard]] bool is_unused_synapse_listener_key(std::string_view key);
/// The same for the keys of Synapse's `experimental_features`.
[[nodiscard]] bool is_unused_synapse_experiment(std::string_view key);

}  // namespace mxcd::app
