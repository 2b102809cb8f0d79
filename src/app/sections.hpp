#pragma once

#include "configuration.hpp"
#include "decoder.hpp"

namespace mxcd::app {

// The parts of the configuration, each decoded by one function. All report into the section's report.

void read_listeners(Section& root, http::ServerConfig& server);
void read_auth(Section& root, remote::AuthConfig& auth);
void read_storage(Section& root, Configuration& configuration);
void read_upload_rules(Section& root, Configuration& configuration);
void read_thumbnails(Section& root, Configuration& configuration);
void read_modules(Section& root, Configuration& configuration);

/// `media_upload_limits`, at the top and in tiers; nothing when the key is absent.
[[nodiscard]] std::optional<std::vector<media::UploadLimit>> read_upload_limits(
    Section& section, base::ByteCount max_upload_size);
[[nodiscard]] std::vector<matrix::UserId> read_users(Section& section, std::string_view key);

}  // namespace mxcd::app
