#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/picture_facts.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mxcd::media {

enum class ThumbnailMethod : std::uint8_t {
    scale,  // the whole picture, covering the box
    crop,   // the middle of the picture, exactly the box
};

enum class ImageType : std::uint8_t { jpeg, png, gif, webp };

[[nodiscard]] std::string_view mime_type(ImageType type);
/// What the first bytes of a file say, whatever its declared type; nothing when it is none of the four.
[[nodiscard]] std::optional<ImageType> sniff_image(std::string_view head);
/// Whether the first 16 bytes are those of an MP4, QuickTime, Matroska or WebM file, whatever its declared
/// type.
[[nodiscard]] bool sniff_video(std::string_view head);

/// A box in pixels and how to fill it.
struct ThumbnailSize {
    std::int32_t width = 0;
    std::int32_t height = 0;
    ThumbnailMethod method = ThumbnailMethod::scale;
    friend auto operator<=>(const ThumbnailSize&, const ThumbnailSize&) = default;
};

/// What a thumbnail should be like.
struct ThumbnailForm {
    ThumbnailSize size;
    /// Keep the animation of a GIF or WebP, as WebP; still pictures stay still.
    bool is_animated = false;
    /// WebP instead of JPEG or PNG.
    bool prefers_webp = false;
    friend auto operator<=>(const ThumbnailForm&, const ThumbnailForm&) = default;
};

/// A form as text: `320x240-scale`, `96x96-crop-animated`, `96x96-crop-webp`.
[[nodiscard]] std::string to_text(const ThumbnailForm& form);

/// A thumbnail that was made; or, when the picture is not larger than its box, that the original itself
/// serves.
struct MadeThumbnail {
    ImageType type = ImageType::jpeg;
    std::int32_t width = 0;
    std::int32_t height = 0;
    bool is_original = false;
    std::string bytes;  // empty for the original
};

/// Why there is no thumbnail.
enum class ThumbnailRefusal : std::uint8_t {
    not_an_image,  // nor a video, of the types that are decoded, or its bytes are damaged
    too_large,     // more pixels than are decoded
};

/// What one decode gave.
struct DecodedPicture {
    PictureFacts facts;
    std::vector<MadeThumbnail> thumbnails;
};

/// What was not decoded, and what is known of it all the same: how large it is, if it is too large.
struct RefusedPicture {
    ThumbnailRefusal reason = ThumbnailRefusal::not_an_image;
    std::optional<PictureFacts> facts = std::nullopt;
};

using ThumbnailOutcome = std::variant<DecodedPicture, RefusedPicture>;

/// The bytes of an image or video: in memory or in a file.
using ImageBytes = std::variant<std::shared_ptr<const std::string>, OpenBlob>;

/// What thumbnails are made of.
enum class ThumbnailSource : std::uint8_t {
    image,
    video,  // the first of its key frames that is shown; its thumbnails are still
};

/// Makes thumbnails of pictures that nobody trusts. Any thread may call; tasks resume on the caller's io
/// thread. Spec: Client-Server API, "Thumbnails": never larger than the picture, upright, without metadata;
/// `scale` keeps the aspect ratio and covers the box, `crop` has exactly the box.
class Thumbnailer {
  public:
    virtual ~Thumbnailer() = default;

    /// One thumbnail per form, in their order, and what the picture is like, from one decode; without forms
    /// only that. The same picture and forms give the same bytes. At most 16 forms. Throws base::Overloaded
    /// when too many wait already, base::UpstreamError when pictures of this source cannot be decoded safely
    /// at present.
    virtual async::Task<ThumbnailOutcome> make(ImageBytes bytes, ThumbnailSource source,
                                               std::vector<ThumbnailForm> forms) = 0;

    /// Whether make() would try an image: false until one could be decoded, and when the sandbox does not
    /// hold.
    [[nodiscard]] virtual bool is_ready() const = 0;
    /// Ends what runs, at once; everything after it throws base::UpstreamError.
    virtual void stop() noexcept = 0;
};

}  // namespace mxcd::media
