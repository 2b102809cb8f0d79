#include "thumbnail_catalog.hpp"

#include "group_commit.hpp"

#include <memory>
#include <utility>

namespace mxcd::metadata {

namespace {

class RecordDecode final : public Write {
  public:
    RecordDecode(Decoded decoded, async::Resume<bool> resume)
        : decoded_(std::move(decoded)), resume_(std::move(resume)) {}

    void apply(Store& store) override { is_written_ = store.thumbnails.insert(decoded_); }
    void answer(std::exception_ptr failure) noexcept override {
        if (failure) {
            resume_.with_error(std::move(failure));
        } else {
            resume_.with(is_written_);
        }
    }

  private:
    Decoded decoded_;
    async::Resume<bool> resume_;
    bool is_written_ = false;
};

}  // namespace

async::Task<std::optional<media::ThumbnailRecord>> SqliteThumbnailCatalog::find(matrix::MediaId media,
                                                                                media::ThumbnailForm form) {
    return thread_.read(
        [media = std::move(media), form](Store& store) { return store.thumbnails.find(media, form); });
}

async::Task<bool> SqliteThumbnailCatalog::record(matrix::MediaId media, media::PictureFacts picture,
                                                 std::vector<media::ThumbnailRecord> thumbnails) {
    auto start = [this, decoded = Decoded{std::move(media), std::move(picture), std::move(thumbnails)}](
                     async::Resume<bool> resume) mutable {
        thread_.submit(std::make_unique<RecordDecode>(std::move(decoded), std::move(resume)));
    };
    return async::suspend<bool>(std::move(start));
}

async::Task<std::optional<media::PictureFacts>> SqliteThumbnailCatalog::find_picture(matrix::MediaId media) {
    return thread_.read(
        [media = std::move(media)](Store& store) { return store.thumbnails.find_picture(media); });
}

async::Task<std::int64_t> SqliteThumbnailCatalog::count(matrix::MediaId media) {
    return thread_.read([media = std::move(media)](Store& store) { return store.thumbnails.count(media); });
}

}  // namespace mxcd::metadata
