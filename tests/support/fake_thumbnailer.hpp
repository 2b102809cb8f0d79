#pragma once

#include "mxcd/base/errors.hpp"
#include "mxcd/media/thumbnailer.hpp"

#include "support/test_png.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mxcd::test {

/// 4 by 3 components, no waves: middle grey.
inline constexpr std::string_view grey_blurhash = "L0Eyb[fQfQfQfQfQfQfQfQfQfQfQ";

/// Makes thumbnails of PNGs: grey ones of the right size. Keeps the contract of a Thumbnailer.
class FakeThumbnailer final : public media::Thumbnailer {
  public:
    explicit FakeThumbnailer(std::int64_t max_pixels = 1'000'000) : max_pixels_(max_pixels) {}

    std::atomic<int> decodes = 0;
    /// How many of them were to be of a video.
    std::atomic<int> videos = 0;
    /// make() throws Overloaded.
    std::atomic<bool> is_busy = false;

    async::Task<media::ThumbnailOutcome> make(media::ImageBytes image, media::ThumbnailSource source,
                                              std::vector<media::ThumbnailForm> forms) override {
        if (is_stopped_) throw base::UpstreamError("stopped");
        if (is_busy) throw base::Overloaded("told to be busy");
        ++decodes;
        if (source == media::ThumbnailSource::video) ++videos;
        const std::string bytes = bytes_of(image);
        const auto size = png_size(bytes);
        if (!size || !bytes.ends_with(detail::chunk("IEND", ""))) co_return media::RefusedPicture{};
        if (std::int64_t{size->first} * size->second > max_pixels_)
            co_return media::RefusedPicture{media::ThumbnailRefusal::too_large,
                                            media::PictureFacts{size->first, size->second, std::nullopt}};
        media::DecodedPicture picture;
        picture.facts = {size->first, size->second, std::string(grey_blurhash)};
        for (const media::ThumbnailForm& form : forms)
            picture.thumbnails.push_back(make_one(*size, form.size));
        co_return picture;
    }

    bool is_ready() const override { return !is_stopped_; }
    void stop() noexcept override { is_stopped_ = true; }

  private:
    static std::string bytes_of(const media::ImageBytes& image) {
        if (const auto* const text = std::get_if<std::shared_ptr<const std::string>>(&image)) return **text;
        const auto& blob = std::get<media::OpenBlob>(image);
        std::string bytes(static_cast<std::size_t>(blob.size.value()), '\0');
        if (pread(blob.file->get(), bytes.data(), bytes.size(), 0) != std::ssize(bytes))
            throw base::StorageError("cannot read");
        return bytes;
    }

    static media::MadeThumbnail make_one(std::pair<std::int32_t, std::int32_t> picture,
                                         const media::ThumbnailSize& box) {
        const auto [width, height] = picture;
        const double factor =
            std::max(static_cast<double>(box.width) / width, static_cast<double>(box.height) / height);
        const bool is_crop = box.method == media::ThumbnailMethod::crop;
        const bool is_small =
            is_crop ? box.width > width || box.height > height || (box.width == width && box.height == height)
                    : factor >= 1;
        if (is_small) return {media::ImageType::png, width, height, true, {}};
        std::int32_t thumb_width = box.width;
        std::int32_t thumb_height = box.height;
        if (!is_crop) {
            thumb_width = std::max(box.width, static_cast<std::int32_t>(std::lround(width * factor)));
            thumb_height = std::max(box.height, static_cast<std::int32_t>(std::lround(height * factor)));
        }
        return {media::ImageType::png, thumb_width, thumb_height, false, test_png(thumb_width, thumb_height)};
    }

    const std::int64_t max_pixels_;
    std::atomic<bool> is_stopped_ = false;
};

}  // namespace mxcd::test
