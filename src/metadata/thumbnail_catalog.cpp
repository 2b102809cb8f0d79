#include "thumbnail_catalog.hpp"

#include "group_commit.hpp"

#include <memory>
#include <utility>

namespace mxcd::metadata {

namespace {

class RecordThumbnails final : public Write {
  public:
    RecordThumbnails(std::vector<media::ThumbnailRecord> thumbnails, async::Resume<bool> resume)
        : thumbnails_(std::move(thumbnails)), resume_(std::move(resume)) {}

    void apply(Store& store) override { is_written_ = store.thumbnails.insert(thumbnails_); }
    void answer(std::exception_ptr failure) noexcept override {
        if (failure) {
            resume_.with_error(std::move(failure));
        } else {
            resume_.with(is_written_);
        }
    }

  private:
    std::vector<media::ThumbnailRecord> thumbnails_;
    async::Resume<bool> resume_;
    bool is_written_ = false;
};

}  // namespace

async::Task<std::optional<media::ThumbnailRecord>> SqliteThumbnailCatalog::find(matrix::MediaId media,
                                                                                media::ThumbnailForm form) {
    return thread_.read(
        [media = std::move(media), form](Store& store) { return store.thumbnails.find(media, form); });
}

async::Task<bool> SqliteThumbnailCatalog::record(std::vector<media::ThumbnailRecord> thumbnails) {
    auto start = [this, thumbnails = std::move(thumbnails)](async::Resume<bool> resume) mutable {
        thread_.submit(std::make_unique<RecordThumbnails>(std::move(thumbnails), std::move(resume)));
    };
    return async::suspend<bool>(std::move(start));
}

async::Task<std::int64_t> SqliteThumbnailCatalog::count(matrix::MediaId media) {
    return thread_.read([media = std::move(media)](Store& store) { return store.thumbnails.count(media); });
}

}  // namespace mxcd::metadata
