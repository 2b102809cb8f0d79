#pragma once

#include "mxcd/base/random.hpp"
#include "mxcd/media/media_record.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mxcd::blobs {

/// The name of a body that still arrives: random letters.
[[nodiscard]] std::string new_spool_name(base::RandomSource& random);
/// The name of a body that is being put at its content address: `<sha256 hex>.<random letters>`.
[[nodiscard]] std::string placed_spool_name(const media::BlobKey& key, std::string_view spool_name);

/// Whether new_spool_name() may have made it.
[[nodiscard]] bool is_spool_name(std::string_view name);
/// The key in a name that placed_spool_name() may have made.
[[nodiscard]] std::optional<media::BlobKey> key_in_spool_name(std::string_view name);

}  // namespace mxcd::blobs
