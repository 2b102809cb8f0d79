#pragma once

#include "mxcd/media/thumbnails.hpp"

#include <string>
#include <vector>

namespace mxcd::media {

/// Which thumbnail answers a request, and which are made with it when it is missing.
struct ThumbnailChoice {
    ThumbnailForm form;
    std::vector<ThumbnailForm> batch;  // `form` is one of them
};

/// The configured sizes in one batch.
[[nodiscard]] std::vector<ThumbnailForm> configured_batch(const ThumbnailPolicy& policy, bool prefers_webp);

/// The smallest configured size that covers what is wanted, with the wanted method if there is one; if there
/// is none, the whole picture. `wanted.prefers_webp` is ignored unless the policy offers WebP.
[[nodiscard]] ThumbnailChoice choose_configured(const ThumbnailPolicy& policy, const ThumbnailForm& wanted);

/// Exactly what is wanted.
[[nodiscard]] ThumbnailChoice choose_exact(const ThumbnailPolicy& policy, const ThumbnailForm& wanted);

/// Names a batch of one piece of media: for work that must not be done twice.
[[nodiscard]] std::string batch_name(const std::vector<ThumbnailForm>& batch);

}  // namespace mxcd::media
