#include "thumbnail_choice.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

namespace mxcd::media {

namespace {

/// A box that no picture is larger than.
constexpr ThumbnailSize whole_picture{std::numeric_limits<std::int32_t>::max(),
                                      std::numeric_limits<std::int32_t>::max(), ThumbnailMethod::scale};

bool covers(const ThumbnailSize& size, const ThumbnailSize& wanted) {
    return size.width >= wanted.width && size.height >= wanted.height;
}

std::int64_t area(const ThumbnailSize& size) { return std::int64_t{size.width} * size.height; }

std::optional<ThumbnailSize> smallest(const std::vector<ThumbnailSize>& sizes, const ThumbnailSize& wanted,
                                      ThumbnailMethod method) {
    std::optional<ThumbnailSize> best;
    for (const ThumbnailSize& size : sizes) {
        if (size.method != method || !covers(size, wanted)) continue;
        if (!best || area(size) < area(*best)) best = size;
    }
    return best;
}

ThumbnailSize best_size(const std::vector<ThumbnailSize>& sizes, const ThumbnailSize& wanted) {
    const std::optional<ThumbnailSize> best = smallest(sizes, wanted, wanted.method);
    // A whole picture that is large enough can still be cropped by who shows it; one that is too small
    // cannot.
    return best ? *best : smallest(sizes, wanted, ThumbnailMethod::scale).value_or(whole_picture);
}

}  // namespace

std::vector<ThumbnailForm> configured_batch(const ThumbnailPolicy& policy, bool prefers_webp) {
    std::vector<ThumbnailForm> batch;
    batch.reserve(policy.sizes.size());
    for (const ThumbnailSize& size : policy.sizes) batch.push_back({size, false, prefers_webp});
    return batch;
}

ThumbnailChoice choose_exact(const ThumbnailPolicy& policy, const ThumbnailForm& wanted) {
    ThumbnailForm form = wanted;
    form.prefers_webp = wanted.prefers_webp && policy.offers_webp && !wanted.is_animated;
    const bool is_configured =
        std::find(policy.sizes.begin(), policy.sizes.end(), form.size) != policy.sizes.end();
    if (is_configured && !form.is_animated) return {form, configured_batch(policy, form.prefers_webp)};
    return {form, {form}};
}

ThumbnailChoice choose_configured(const ThumbnailPolicy& policy, const ThumbnailForm& wanted) {
    ThumbnailForm form = wanted;
    form.size = best_size(policy.sizes, wanted.size);
    return choose_exact(policy, form);
}

std::string batch_name(const std::vector<ThumbnailForm>& batch) {
    std::string name;
    for (const ThumbnailForm& form : batch) name += "/" + to_text(form);
    return name;
}

}  // namespace mxcd::media
