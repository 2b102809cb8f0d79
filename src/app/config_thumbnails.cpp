#include "sections.hpp"

#include <utility>

namespace mxcd::app {

namespace {

/// Larger boxes than any screen; what is larger is the original.
constexpr Range side_range{1, 16'384};
constexpr std::size_t most_sizes = 16;

void read_size(Section& entry, std::vector<media::ThumbnailSize>& sizes) {
    std::int64_t width = 0;
    std::int64_t height = 0;
    media::ThumbnailSize size;
    for (const char* const key : {"width", "height", "method"}) entry.require(key);
    const bool has_width = entry.read("width", width, side_range);
    const bool has_height = entry.read("height", height, side_range);
    entry.read_choice<media::ThumbnailMethod>(
        "method", size.method,
        {{"crop", media::ThumbnailMethod::crop}, {"scale", media::ThumbnailMethod::scale}});
    entry.finish();
    if (!has_width || !has_height) return;
    size.width = static_cast<std::int32_t>(width);
    size.height = static_cast<std::int32_t>(height);
    sizes.push_back(size);
}

}  // namespace

void read_thumbnails(Section& root, Configuration& configuration) {
    media::ThumbnailPolicy& thumbnails = configuration.thumbnails;
    root.read("dynamic_thumbnails", thumbnails.is_dynamic);
    root.read("thumbnail_webp", thumbnails.offers_webp);
    root.read("thumbnail_video", thumbnails.includes_video);
    base::ByteCount max_pixels(configuration.decodes.max_image_pixels);
    // A number of pixels, which Synapse reads like a size: 32M.
    root.read("max_image_pixels", max_pixels);
    configuration.decodes.max_image_pixels = max_pixels.value();
    std::optional<std::vector<Section>> entries = root.children("thumbnail_sizes");
    if (!entries) return;
    thumbnails.sizes.clear();
    if (entries->size() > most_sizes) root.fail("thumbnail_sizes", "has more than 16 entries");
    for (Section& entry : *entries) read_size(entry, thumbnails.sizes);
}

}  // namespace mxcd::app
