#include "mxcd/media/moderation.hpp"

#include "mxcd/base/failpoint.hpp"
#include "mxcd/base/log.hpp"

#include <iterator>
#include <map>
#include <memory>
#include <utility>

namespace mxcd::media {

namespace {

constexpr base::Logger logger("media");

}  // namespace

Moderation::Moderation(ModerationDependencies dependencies)
    : store_(dependencies.store),
      metadata_(dependencies.metadata),
      blobs_(dependencies.blobs),
      removals_(dependencies.removals),
      downloads_(dependencies.downloads),
      thumbnails_(dependencies.thumbnails),
      uploads_(dependencies.uploads),
      erased_(dependencies.metrics.counter("mxcd_media_deleted_total", "Media that was deleted")),
      quarantined_(dependencies.metrics.counter("mxcd_media_quarantined_total",
                                                "Media that was put into quarantine after its upload")) {}

async::Task<bool> Moderation::erase(matrix::MediaId id, matrix::UserId by) {
    // Noted in the store before the rows go, so that a crash in between leaves no bytes behind.
    std::map<BlobKey, std::unique_ptr<DoomedBlob>> doomed;
    const std::vector<BlobKey> expected = co_await store_.blobs_of(id);
    for (const BlobKey& key : expected) {
        std::unique_ptr<DoomedBlob> blob = co_await blobs_.doom(key);
        doomed.emplace(key, std::move(blob));
    }
    MXCD_FAILPOINT("deletion.doomed");
    const std::optional<DeletedMedia> deleted = co_await store_.erase(id);
    MXCD_FAILPOINT("deletion.erased");
    if (deleted) {
        downloads_.forget(id);
        thumbnails_.forget(id);
        erased_.add();
        logger.info("media was deleted", {{"media_id", std::string_view(id.text())},
                                          {"owner", std::string_view(deleted->owner.text())},
                                          {"by", std::string_view(by.text())},
                                          {"sha256", std::string_view(deleted->hash.hex())},
                                          {"size", deleted->size.value()}});
        const async::Executor home = co_await async::asio::this_coro::executor;
        const std::shared_ptr<const UploadPolicy> policy = uploads_.policy();
        if (policy->modules) policy->modules->tell_media_deleted(home, id);
        // Thumbnails that were made since the look-up.
        for (const BlobKey& key : deleted->blobs) {
            if (doomed.contains(key)) continue;
            std::unique_ptr<DoomedBlob> blob = co_await blobs_.doom(key);
            doomed.emplace(key, std::move(blob));
        }
    }
    for (auto& [key, blob] : doomed) co_await removals_.remove(std::move(blob), key);
    co_return deleted.has_value();
}

async::Task<std::int64_t> Moderation::quarantine(matrix::MediaId id, matrix::UserId by) {
    const std::vector<matrix::MediaId> changed = co_await store_.quarantine(id, by.text());
    quarantined_.add(static_cast<double>(changed.size()));
    logger.info("media was quarantined", {{"media_id", std::string_view(id.text())},
                                          {"by", std::string_view(by.text())},
                                          {"count", std::ssize(changed)}});
    co_return forget_all(changed);
}

async::Task<std::int64_t> Moderation::quarantine_all_of(matrix::UserId user, matrix::UserId by) {
    const std::vector<matrix::MediaId> changed = co_await store_.quarantine_all_of(user, by.text());
    quarantined_.add(static_cast<double>(changed.size()));
    logger.info("all media of a user was quarantined", {{"owner", std::string_view(user.text())},
                                                        {"by", std::string_view(by.text())},
                                                        {"count", std::ssize(changed)}});
    co_return forget_all(changed);
}

async::Task<std::int64_t> Moderation::unquarantine(matrix::MediaId id, matrix::UserId by) {
    const std::vector<matrix::MediaId> changed = co_await store_.unquarantine(id);
    logger.info("media was taken out of quarantine", {{"media_id", std::string_view(id.text())},
                                                      {"by", std::string_view(by.text())},
                                                      {"count", std::ssize(changed)}});
    co_return forget_all(changed);
}

async::Task<bool> Moderation::set_protected(matrix::MediaId id, bool is_protected, matrix::UserId by) {
    const bool is_there = co_await store_.set_protected(id, is_protected);
    if (is_there) {
        downloads_.forget(id);
        logger.info(is_protected ? "media was protected from quarantine" : "media is not protected any more",
                    {{"media_id", std::string_view(id.text())}, {"by", std::string_view(by.text())}});
    }
    co_return is_there;
}

async::Task<std::optional<MediaRecord>> Moderation::find(matrix::MediaId id) {
    return metadata_.find(std::move(id));
}

async::Task<MediaPage> Moderation::media_of(MediaPageRequest request) {
    return store_.media_of(std::move(request));
}

std::int64_t Moderation::forget_all(const std::vector<matrix::MediaId>& ids) {
    for (const matrix::MediaId& id : ids) downloads_.forget(id);
    return std::ssize(ids);
}

}  // namespace mxcd::media
