#pragma once

#include "mxcd/base/errors.hpp"
#include "mxcd/media/thumbnail_catalog.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace mxcd::test {

/// A catalog of thumbnails in memory. Thread-safe.
class MemoryThumbnails final : public media::ThumbnailCatalog {
  public:
    /// record() finds no media any more.
    std::atomic<bool> media_is_gone = false;
    /// record() writes, and ends with base::OutcomeUnknown.
    std::atomic<bool> flushes_fail = false;

    async::Task<std::optional<media::ThumbnailRecord>> find(matrix::MediaId media,
                                                            media::ThumbnailForm form) override {
        const std::lock_guard lock(mutex_);
        const auto found = records_.find({media, form});
        if (found == records_.end()) co_return std::nullopt;
        co_return found->second;
    }
    async::Task<bool> record(matrix::MediaId media, media::PictureFacts picture,
                             std::vector<media::ThumbnailRecord> thumbnails) override {
        if (media_is_gone) co_return false;
        const std::lock_guard lock(mutex_);
        media::PictureFacts& known = pictures_.try_emplace(std::move(media), picture).first->second;
        if (!known.blurhash) known.blurhash = std::move(picture.blurhash);
        for (media::ThumbnailRecord& thumbnail : thumbnails) {
            const std::pair key(thumbnail.media, thumbnail.form);
            records_.emplace(key, std::move(thumbnail));
        }
        if (flushes_fail) throw base::OutcomeUnknown("told to fail");
        co_return true;
    }
    async::Task<std::optional<media::PictureFacts>> find_picture(matrix::MediaId media) override {
        const std::lock_guard lock(mutex_);
        const auto found = pictures_.find(media);
        if (found == pictures_.end()) co_return std::nullopt;
        co_return found->second;
    }
    async::Task<std::int64_t> count(matrix::MediaId media) override {
        const std::lock_guard lock(mutex_);
        std::int64_t count = 0;
        for (const auto& [key, record] : records_) count += key.first == media ? 1 : 0;
        co_return count;
    }

  private:
    std::mutex mutex_;
    std::map<matrix::MediaId, media::PictureFacts> pictures_;
    std::map<std::pair<matrix::MediaId, media::ThumbnailForm>, media::ThumbnailRecord> records_;
};

}  // namespace mxcd::test
