#include "decode.hpp"

#include "blurred_picture.hpp"
#include "source_picture.hpp"
#include "video_frame.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::imaging {

namespace {

using media::ImageType;

// What Synapse uses, too.
constexpr int jpeg_quality = 80;
constexpr int webp_quality = 80;
/// Good compression is worth its time for small pictures only.
constexpr std::int64_t pixels_worth_compressing = 2'000'000;
/// Longer animations stay still: their time and memory grow with every frame.
constexpr std::int32_t max_frames = 100;
constexpr std::int64_t max_animation_pixels = 64 * 1024 * 1024;

struct Free {
    void (*free)(void*) = nullptr;
    void operator()(void* bytes) const { free(bytes); }
};

/// An encoded picture in libvips' memory.
struct Encoded {
    std::unique_ptr<void, Free> bytes;
    std::size_t size = 0;
    [[nodiscard]] std::span<const std::byte> view() const {
        return {static_cast<const std::byte*>(bytes.get()), size};
    }
};

/// The work of one order.
class Decode {
  public:
    Decode(const VipsLibrary& vips, const DecodeOrder& order, const SourcePicture& source,
           const ResultWriter& result)
        : vips_(vips), order_(order), source_(source), result_(result) {}

    void run() {
        prepare_base();
        std::vector<Thumbnail> thumbnails(order_.wanted().size());
        for (const std::size_t index : largest_first()) thumbnails[index] = make(order_.wanted()[index]);
        result_.head(head());
        for (const Thumbnail& thumbnail : thumbnails)
            result_.thumbnail(thumbnail.head, thumbnail.encoded.view());
    }

  private:
    struct Thumbnail {
        ThumbnailHead head;
        Encoded encoded;
    };

    [[nodiscard]] ResultHead head() const {
        ResultHead head{Verdict::made, order_.form_count, source_.size.width, source_.size.height};
        if (made_.empty()) return head;
        const Picture& pixels = nearest_larger(hashed_size(source_.size));
        const std::optional<BlurHash> hash = blurred(vips_, pixels.get(), source_.size);
        head.has_blurhash = hash ? 1 : 0;
        head.blurhash = hash.value_or(BlurHash{});
        return head;
    }

    [[nodiscard]] bool is_animation(const OrderedForm& form) const {
        return form.is_animated != 0 && source_.frames > 1 && source_.frames <= max_frames &&
               source_.size.pixels() * source_.frames <= max_animation_pixels;
    }
    [[nodiscard]] bool is_served_as_it_is(const OrderedForm& form) const {
        return is_small_for(source_.size, form) && (source_.is_presentable || is_animation(form));
    }

    /// The order to make them in: small ones are made from larger ones.
    [[nodiscard]] std::vector<std::size_t> largest_first() const {
        std::vector<std::size_t> indices(order_.wanted().size());
        std::iota(indices.begin(), indices.end(), std::size_t{0});
        std::ranges::sort(indices, std::greater<>(), [this](std::size_t index) {
            return covering(source_.size, order_.wanted()[index]).pixels();
        });
        return indices;
    }

    /// One decode serves all still forms: it makes the largest.
    void prepare_base() {
        Dimensions largest;
        bool serves_original = false;
        for (const OrderedForm& form : order_.wanted()) {
            serves_original = serves_original || is_served_as_it_is(form);
            if (is_served_as_it_is(form) || is_animation(form)) continue;
            const Dimensions size = covering(source_.size, form);
            if (size.pixels() > largest.pixels()) largest = size;
        }
        if (largest.pixels() > 0) {
            made_.push_back(in_memory(load_still(largest)));
        } else if (serves_original || order_.wanted().empty()) {
            // Nothing but to see whether it is whole, and for its hash.
            made_.push_back(in_memory(load_still(hashed_size(source_.size))));
        }
    }

    [[nodiscard]] Picture own(VipsImage* image) const { return {image, vips_.object_unref}; }

    static void require(int outcome) {
        if (outcome != 0) throw Undecodable{};
    }

    /// Named only where there is something to convert, which takes as long as decoding.
    [[nodiscard]] const char* export_profile() const {
        return source_.has_other_colours ? "export-profile" : nullptr;
    }

    [[nodiscard]] Picture load_still(Dimensions size) const {
        if (source_.video != nullptr) return source_.video->scaled(vips_, size);
        return source_.type == ImageType::jpeg ? load_jpeg(size) : load(size, "");
    }

    /// As load(); libvips alone would decode four times the pixels and spend most of its time shrinking them.
    [[nodiscard]] Picture load_jpeg(Dimensions size) const {
        const Picture shrunk = own(vips_.image_new_from_buffer(
            source_.bytes.data(), source_.bytes.size(), "", "access", VIPS_ACCESS_SEQUENTIAL, "fail-on",
            VIPS_FAIL_ON_TRUNCATED, "shrink", jpeg_shrink(source_.size, size), nullptr));
        if (!shrunk) throw Undecodable{};
        VipsImage* image = nullptr;
        require(vips_.thumbnail_image(shrunk.get(), &image, size.width, "height", size.height, "size",
                                      VIPS_SIZE_FORCE, export_profile(), "srgb", nullptr));
        return own(image);
    }

    /// Shrinks while loading, turns upright, converts colours to sRGB. Half a picture is none.
    [[nodiscard]] Picture load(Dimensions size, const char* options) const {
        VipsImage* image = nullptr;
        // libvips does not write to it.
        void* const bytes = const_cast<std::byte*>(source_.bytes.data());
        require(vips_.thumbnail_buffer(bytes, source_.bytes.size(), &image, size.width, "height", size.height,
                                       "size", VIPS_SIZE_FORCE, "fail-on", VIPS_FAIL_ON_TRUNCATED,
                                       "option-string", options, export_profile(), "srgb", nullptr));
        return own(image);
    }

    /// The finished pixels. libvips paints what it could not read black and goes on; only its error text
    /// tells.
    [[nodiscard]] Picture in_memory(Picture image) const {
        vips_.error_clear();
        VipsImage* const copy = vips_.image_copy_memory(image.get());
        if (copy == nullptr) throw Undecodable{};
        Picture pixels = own(copy);
        if (*vips_.error_buffer() != '\0') throw Undecodable{};
        return pixels;
    }

    [[nodiscard]] Thumbnail make(const OrderedForm& form) {
        if (is_served_as_it_is(form)) return original();
        if (is_animation(form)) return animation(form);
        const Picture picture = fitted(form);
        const ImageType type = still_type(form);
        return finished(picture.get(), type, encode(picture.get(), type));
    }

    [[nodiscard]] Thumbnail original() const {
        return {{static_cast<std::uint32_t>(source_.type), source_.size.width, source_.size.height, 1, 0},
                {}};
    }

    [[nodiscard]] Thumbnail finished(VipsImage* picture, ImageType type, Encoded encoded) const {
        ThumbnailHead head{static_cast<std::uint32_t>(type), vips_.image_get_width(picture),
                           vips_.image_get_page_height(picture), 0, encoded.size};
        return {head, std::move(encoded)};
    }

    /// The picture at the form's size.
    [[nodiscard]] Picture fitted(const OrderedForm& form) {
        const bool is_small = is_small_for(source_.size, form);
        VipsImage* const whole = scaled(is_small ? source_.size : covering(source_.size, form));
        if (form.is_crop != 0 && !is_small) return middle(whole, form, 0);
        VipsImage* image = nullptr;
        require(vips_.copy(whole, &image, nullptr));
        return own(image);
    }

    /// The whole picture at a size that is at most the last one's; kept, to make smaller ones from.
    [[nodiscard]] VipsImage* scaled(Dimensions size) {
        const Picture& larger = nearest_larger(size);
        if (size == dimensions(larger.get())) return larger.get();
        VipsImage* image = nullptr;
        require(vips_.thumbnail_image(larger.get(), &image, size.width, "height", size.height, "size",
                                      VIPS_SIZE_FORCE, nullptr));
        made_.push_back(in_memory(own(image)));
        return made_.back().get();
    }

    /// The last that is this size or at least twice it: shrinking again by less would cost sharpness.
    [[nodiscard]] const Picture& nearest_larger(Dimensions size) const {
        const auto serves = [this, size](const Picture& made) {
            const Dimensions had = dimensions(made.get());
            return had == size || (had.width >= 2 * size.width && had.height >= 2 * size.height);
        };
        const auto found = std::ranges::find_if(made_.rbegin(), made_.rend(), serves);
        return found == made_.rend() ? made_.front() : *found;
    }

    [[nodiscard]] Dimensions dimensions(VipsImage* image) const {
        return {vips_.image_get_width(image), vips_.image_get_height(image)};
    }

    /// The middle of a picture, or of the frame that begins at `top`.
    [[nodiscard]] Picture middle(VipsImage* picture, const OrderedForm& form, int top) const {
        const int frame_height = vips_.image_get_page_height(picture);
        VipsImage* image = nullptr;
        require(vips_.extract_area(picture, &image, (vips_.image_get_width(picture) - form.width) / 2,
                                   top + (frame_height - form.height) / 2, form.width, form.height, nullptr));
        return own(image);
    }

    [[nodiscard]] ImageType still_type(const OrderedForm& form) const {
        if (form.prefers_webp != 0) return ImageType::webp;
        const bool is_photograph = source_.type == ImageType::jpeg || source_.type == ImageType::webp;
        return is_photograph && !source_.has_alpha ? ImageType::jpeg : ImageType::png;
    }

    [[nodiscard]] Thumbnail animation(const OrderedForm& form) const {
        const bool is_small = is_small_for(source_.size, form);
        Picture frames = in_memory(load(is_small ? source_.size : covering(source_.size, form), "[n=-1]"));
        if (form.is_crop != 0 && !is_small) frames = cropped_frames(frames.get(), form);
        return finished(frames.get(), ImageType::webp, encode(frames.get(), ImageType::webp));
    }

    /// libvips crops the whole strip of frames; this crops each.
    [[nodiscard]] Picture cropped_frames(VipsImage* strip, const OrderedForm& form) const {
        const int frame_height = vips_.image_get_page_height(strip);
        std::vector<Picture> owners;
        std::vector<VipsImage*> frames;
        for (int top = 0; top + frame_height <= vips_.image_get_height(strip); top += frame_height) {
            owners.push_back(middle(strip, form, top));
            frames.push_back(owners.back().get());
        }
        VipsImage* joined = nullptr;
        require(
            vips_.arrayjoin(frames.data(), &joined, static_cast<int>(frames.size()), "across", 1, nullptr));
        Picture together = own(joined);
        vips_.image_set_int(joined, "page-height", form.height);
        return together;
    }

    /// Without metadata; an animation keeps its timing, which is metadata, too, to libvips.
    [[nodiscard]] Encoded encode(VipsImage* picture, ImageType type) const {
        for (const char* const field : {"exif-data", "xmp-data", "iptc-data", "icc-profile-data"})
            vips_.image_remove(picture, field);
        void* bytes = nullptr;
        std::size_t size = 0;
        if (type == ImageType::jpeg) {
            require(vips_.jpegsave_buffer(picture, &bytes, &size, "Q", jpeg_quality, "strip", TRUE, nullptr));
        } else if (type == ImageType::png) {
            const bool is_small = dimensions(picture).pixels() <= pixels_worth_compressing;
            require(vips_.pngsave_buffer(picture, &bytes, &size, "compression", is_small ? 6 : 1, "strip",
                                         TRUE, nullptr));
        } else {
            require(vips_.webpsave_buffer(picture, &bytes, &size, "Q", webp_quality, "effort", 1, "strip",
                                          TRUE, nullptr));
        }
        return {std::unique_ptr<void, Free>(bytes, Free{vips_.free}), size};
    }

    const VipsLibrary& vips_;
    const DecodeOrder& order_;
    const SourcePicture& source_;
    const ResultWriter& result_;
    std::vector<Picture> made_;  // still pictures in memory, from the largest down
};

bool is_too_large(const SourcePicture& source, const DecodeOrder& order) {
    return source.size.pixels() > order.max_pixels;
}

/// Whether libvips has a loader for these bytes that is not blocked.
bool can_open(const VipsLibrary& vips, std::span<const std::byte> input) {
    const Picture image(vips.image_new_from_buffer(input.data(), input.size(), "", nullptr),
                        vips.object_unref);
    return image != nullptr;
}

}  // namespace

void make_thumbnails(const VipsLibrary& vips, const DecodeOrder& order, const SourcePicture& source,
                     const ResultWriter& result) {
    Decode(vips, order, source, result).run();
}

void decode(const VipsLibrary& vips, const DecodeOrder& order, std::span<const std::byte> input,
            const ResultWriter& result) {
    if (order.trusts_loaders != 0) {
        result.head({can_open(vips, input) ? Verdict::made : Verdict::not_an_image, 0});
        return;
    }
    try {
        const SourcePicture source = read_header(vips, input, order.max_pixels);
        if (is_too_large(source, order)) {
            result.head({Verdict::too_large, 0, source.size.width, source.size.height});
            return;
        }
        make_thumbnails(vips, order, source, result);
    } catch (const Undecodable&) {
        result.head({Verdict::not_an_image, 0});
    }
}

}  // namespace mxcd::imaging
