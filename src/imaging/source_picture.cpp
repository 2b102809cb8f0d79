#include "source_picture.hpp"

#include "png_chunks.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace mxcd::imaging {

namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool has_private_metadata(const VipsLibrary& vips, VipsImage* image) {
    for (const char* const field : {"exif-data", "xmp-data", "iptc-data"})
        if (vips.image_get_typeof(image, field) != 0) return true;
    return false;
}

bool has_other_colours(const VipsLibrary& vips, VipsImage* image) {
    if (vips.image_get_typeof(image, "icc-profile-data") != 0) return true;
    const VipsInterpretation colours = vips.image_get_interpretation(image);
    return colours != VIPS_INTERPRETATION_sRGB && colours != VIPS_INTERPRETATION_B_W &&
           colours != VIPS_INTERPRETATION_RGB16 && colours != VIPS_INTERPRETATION_GREY16;
}

}  // namespace

SourcePicture read_header(const VipsLibrary& vips, std::span<const std::byte> bytes,
                          std::int64_t max_pixels) {
    const Picture image(
        vips.image_new_from_buffer(bytes.data(), bytes.size(), "", "access", VIPS_ACCESS_SEQUENTIAL, nullptr),
        vips.object_unref);
    const std::optional<media::ImageType> type =
        media::sniff_image(text_of(bytes.first(std::min<std::size_t>(bytes.size(), 16))));
    if (!image || !type) throw Undecodable{};
    SourcePicture picture;
    picture.bytes = bytes;
    picture.type = *type;
    picture.size = {vips.image_get_width(image.get()), vips.image_get_page_height(image.get())};
    if (vips.image_get_orientation(image.get()) >= 5) std::swap(picture.size.width, picture.size.height);
    picture.frames = vips.image_get_n_pages(image.get());
    picture.has_alpha = vips.image_hasalpha(image.get()) != 0;
    picture.has_other_colours = has_other_colours(vips, image.get());
    bool is_still = *type == media::ImageType::jpeg;
    if (*type == media::ImageType::png && picture.size.pixels() <= max_pixels) {
        const PngChunks chunks = read_png_chunks(text_of(bytes));
        if (!chunks.is_whole) throw Undecodable{};
        is_still = !chunks.is_animated;
    }
    picture.is_presentable =
        is_still && vips.image_get_orientation(image.get()) <= 1 && !has_private_metadata(vips, image.get());
    return picture;
}

}  // namespace mxcd::imaging
