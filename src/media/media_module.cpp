#include "mxcd/media/media_module.hpp"

namespace mxcd::media {

async::Task<std::optional<matrix::Json>> MediaModule::media_config(matrix::UserId) { co_return std::nullopt; }

async::Task<bool> MediaModule::is_upload_allowed(UploadFacts) { co_return true; }

async::Task<std::optional<std::vector<UploadLimit>>> MediaModule::upload_limits(matrix::UserId,
                                                                                base::ByteCount) {
    co_return std::nullopt;
}

async::Task<std::vector<StorageQuota>> MediaModule::storage_quotas(matrix::UserId) {
    co_return std::vector<StorageQuota>();
}

async::Task<FileVerdict> MediaModule::check_file(FileFacts) { co_return FileAllowed{}; }

async::Task<> MediaModule::limit_exceeded(LimitEvent) { co_return; }

async::Task<> MediaModule::media_uploaded(matrix::UserId, matrix::MediaId, base::ByteCount) { co_return; }

async::Task<> MediaModule::media_deleted(matrix::MediaId) { co_return; }

}  // namespace mxcd::media
