#include "read_result.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace mxcd::imaging {

namespace {

using media::ImageType;

template <class Part>
std::optional<Part> take(std::string_view& bytes) {
    if (bytes.size() < sizeof(Part)) return std::nullopt;
    Part part;
    bytes.copy(reinterpret_cast<char*>(&part), sizeof part);
    bytes.remove_prefix(sizeof part);
    return part;
}

std::optional<ImageType> type_of(std::uint32_t number) {
    for (const ImageType type : {ImageType::jpeg, ImageType::png, ImageType::gif, ImageType::webp})
        if (static_cast<std::uint32_t>(type) == number) return type;
    return std::nullopt;
}

std::optional<media::MadeThumbnail> take_thumbnail(std::string_view& bytes) {
    const std::optional<ThumbnailHead> head = take<ThumbnailHead>(bytes);
    if (!head || head->width < 1 || head->height < 1 || head->size > bytes.size()) return std::nullopt;
    const std::optional<ImageType> type = type_of(head->type);
    if (!type) return std::nullopt;
    media::MadeThumbnail thumbnail{*type, head->width, head->height, head->is_original != 0, {}};
    const std::string_view image = bytes.substr(0, head->size);
    if (thumbnail.is_original ? !image.empty() : media::sniff_image(image) != type) return std::nullopt;
    thumbnail.bytes = image;
    bytes.remove_prefix(image.size());
    return thumbnail;
}

/// Nothing when no picture that was to be decoded is like this.
std::optional<media::PictureFacts> facts_in(const ResultHead& head, const DecodeOrder& order) {
    if (head.width < 1 || head.height < 1) return std::nullopt;
    if (std::int64_t{head.width} * head.height > order.max_pixels) return std::nullopt;
    media::PictureFacts facts{head.width, head.height, std::nullopt};
    if (head.has_blurhash == 0) return facts;
    facts.blurhash.emplace(head.blurhash.data(), head.blurhash.size());
    if (!is_blurhash(*facts.blurhash)) return std::nullopt;
    return facts;
}

/// Nothing when a picture of this size is none that is refused for it.
std::optional<media::ThumbnailOutcome> too_large(const ResultHead& head, const DecodeOrder& order) {
    media::RefusedPicture refused{media::ThumbnailRefusal::too_large};
    if (head.width == 0 && head.height == 0) return refused;
    if (head.width < 1 || head.height < 1) return std::nullopt;
    if (std::int64_t{head.width} * head.height <= order.max_pixels) return std::nullopt;
    refused.facts = media::PictureFacts{head.width, head.height, std::nullopt};
    return refused;
}

}  // namespace

std::optional<media::ThumbnailOutcome> read_result(std::string_view bytes, const DecodeOrder& order) {
    const std::optional<ResultHead> head = take<ResultHead>(bytes);
    if (!head) return std::nullopt;
    if (head->verdict == Verdict::not_an_image && bytes.empty()) return media::RefusedPicture{};
    if (head->verdict == Verdict::too_large && bytes.empty()) return too_large(*head, order);
    if (head->verdict != Verdict::made || head->count != order.form_count) return std::nullopt;
    media::DecodedPicture picture;
    if (order.trusts_loaders == 0) {
        std::optional<media::PictureFacts> facts = facts_in(*head, order);
        if (!facts) return std::nullopt;
        picture.facts = *std::move(facts);
    }
    for (std::uint32_t i = 0; i < head->count; ++i) {
        std::optional<media::MadeThumbnail> thumbnail = take_thumbnail(bytes);
        if (!thumbnail) return std::nullopt;
        picture.thumbnails.push_back(*std::move(thumbnail));
    }
    if (!bytes.empty()) return std::nullopt;
    return picture;
}

}  // namespace mxcd::imaging
