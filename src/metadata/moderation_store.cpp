#include "moderation_store.hpp"

#include "function_write.hpp"

#include <utility>

namespace mxcd::metadata {

async::Task<std::vector<media::BlobKey>> SqliteModerationStore::blobs_of(matrix::MediaId id) {
    return thread_.read([id = std::move(id)](Store& store) { return store.moderation.blobs_of(id); });
}

async::Task<std::optional<media::DeletedMedia>> SqliteModerationStore::erase(matrix::MediaId id) {
    return write_for_result(thread_,
                            [id = std::move(id)](Store& store) { return store.moderation.erase(id); });
}

async::Task<std::vector<matrix::MediaId>> SqliteModerationStore::quarantine(matrix::MediaId id,
                                                                            std::string by) {
    return write_for_result(thread_, [id = std::move(id), by = std::move(by)](Store& store) {
        return store.moderation.quarantine(id, by);
    });
}

async::Task<std::vector<matrix::MediaId>> SqliteModerationStore::quarantine_all_of(matrix::UserId user,
                                                                                   std::string by) {
    return write_for_result(thread_, [user = std::move(user), by = std::move(by)](Store& store) {
        return store.moderation.quarantine_all_of(user, by);
    });
}

async::Task<std::vector<matrix::MediaId>> SqliteModerationStore::unquarantine(matrix::MediaId id) {
    return write_for_result(thread_,
                            [id = std::move(id)](Store& store) { return store.moderation.unquarantine(id); });
}

async::Task<bool> SqliteModerationStore::set_protected(matrix::MediaId id, bool is_protected) {
    return write_for_result(thread_, [id = std::move(id), is_protected](Store& store) {
        return store.moderation.set_protected(id, is_protected);
    });
}

async::Task<media::MediaPage> SqliteModerationStore::media_of(media::MediaPageRequest request) {
    return thread_.read(
        [request = std::move(request)](Store& store) { return store.moderation.media_of(request); });
}

}  // namespace mxcd::metadata
