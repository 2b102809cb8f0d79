#include "mxcd/media/thumbnailer.hpp"

namespace mxcd::media {

std::string_view mime_type(ImageType type) {
    switch (type) {
        case ImageType::jpeg:
            return "image/jpeg";
        case ImageType::png:
            return "image/png";
        case ImageType::gif:
            return "image/gif";
        case ImageType::webp:
            return "image/webp";
    }
    return "application/octet-stream";
}

std::optional<ImageType> sniff_image(std::string_view head) {
    using namespace std::string_view_literals;
    if (head.starts_with("\xff\xd8\xff"sv)) return ImageType::jpeg;
    if (head.starts_with("\x89PNG\r\n\x1a\n"sv)) return ImageType::png;
    if (head.starts_with("GIF87a"sv) || head.starts_with("GIF89a"sv)) return ImageType::gif;
    if (head.starts_with("RIFF"sv) && head.substr(0, 12).ends_with("WEBP"sv)) return ImageType::webp;
    return std::nullopt;
}

std::string to_text(const ThumbnailForm& form) {
    std::string text = std::to_string(form.size.width) + "x" + std::to_string(form.size.height);
    text += form.size.method == ThumbnailMethod::crop ? "-crop" : "-scale";
    if (form.is_animated) text += "-animated";
    if (form.prefers_webp) text += "-webp";
    return text;
}

}  // namespace mxcd::media
