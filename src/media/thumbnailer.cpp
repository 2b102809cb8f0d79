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

bool sniff_video(std::string_view head) {
    using namespace std::string_view_literals;
    if (head.starts_with("\x1a\x45\xdf\xa3"sv)) return true;
    if (head.substr(0, 8).size() < 8 || head.substr(4, 4) != "ftyp"sv) return false;
    // HEIF pictures and sequences come in the same boxes.
    const std::string_view brand = head.substr(8, 4);
    for (const std::string_view picture : {"mif1"sv, "msf1"sv, "avif"sv, "avis"sv})
        if (brand == picture) return false;
    return !brand.starts_with("hei"sv) && !brand.starts_with("hev"sv);
}

std::string to_text(const ThumbnailForm& form) {
    std::string text = std::to_string(form.size.width) + "x" + std::to_string(form.size.height);
    text += form.size.method == ThumbnailMethod::crop ? "-crop" : "-scale";
    if (form.is_animated) text += "-animated";
    if (form.prefers_webp) text += "-webp";
    return text;
}

}  // namespace mxcd::media
