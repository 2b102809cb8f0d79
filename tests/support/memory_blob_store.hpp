#pragma once

#include "mxcd/base/errors.hpp"
#include "mxcd/media/blob_store.hpp"

#include "support/memory_blob_writer.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace mxcd::test {

/// A blob store in memory that behaves like a real one: content addresses, one copy of the same bytes, bytes
/// that nobody kept go. Tests may take its room away or make it fail. Thread-safe.
class MemoryBlobStore final : public media::BlobStore {
  public:
    /// How many blobs are in place, kept or not.
    [[nodiscard]] std::size_t blob_count() const {
        const std::lock_guard lock(state_->mutex);
        return state_->blobs.size();
    }
    [[nodiscard]] bool holds(const media::BlobKey& key) const {
        const std::lock_guard lock(state_->mutex);
        return state_->blobs.contains(key);
    }
    /// How many writers are alive.
    [[nodiscard]] std::size_t spool_count() const {
        const std::lock_guard lock(state_->mutex);
        return state_->spooling;
    }
    /// How often doomed bytes stayed because of an upload.
    [[nodiscard]] std::size_t refused_removals() const {
        const std::lock_guard lock(state_->mutex);
        return state_->refused_removals;
    }
    void set_has_room(bool has_room) {
        const std::lock_guard lock(state_->mutex);
        state_->has_room = has_room;
    }
    /// Bytes that each later body may have; StorageFull beyond them.
    void set_body_limit(base::ByteCount limit) {
        const std::lock_guard lock(state_->mutex);
        state_->body_limit = limit;
    }
    /// From now on create(), store(), open() and ping() throw StorageError, until it is set back.
    void set_broken(bool is_broken) {
        const std::lock_guard lock(state_->mutex);
        state_->is_broken = is_broken;
    }

    async::Task<std::unique_ptr<media::BlobWriter>> create() override {
        const std::lock_guard lock(state_->mutex);
        state_->refuse_when_broken();
        co_return std::make_unique<MemoryBlobWriter>(state_);
    }

    async::Task<std::optional<media::OpenBlob>> open(media::BlobKey key) override {
        const std::lock_guard lock(state_->mutex);
        state_->refuse_when_broken();
        const auto found = state_->blobs.find(key);
        if (found == state_->blobs.end()) co_return std::nullopt;
        co_return as_file(found->second.bytes);
    }

    async::Task<std::unique_ptr<media::DoomedBlob>> doom(media::BlobKey key) override {
        const std::lock_guard lock(state_->mutex);
        state_->refuse_when_broken();
        co_return std::make_unique<MemoryDoomedBlob>(state_, key);
    }

    bool has_room() override {
        const std::lock_guard lock(state_->mutex);
        return state_->has_room;
    }

    async::Task<> ping() override {
        const std::lock_guard lock(state_->mutex);
        state_->refuse_when_broken();
        co_return;
    }

    async::Task<> back_up(std::filesystem::path, std::function<void(double)> progress) override {
        if (progress) progress(1);
        co_return;
    }

    void recover(const std::function<bool(const media::BlobKey&)>& is_referenced) override {
        const std::lock_guard lock(state_->mutex);
        std::erase_if(state_->blobs, [&](const auto& entry) {
            return !entry.second.is_kept && !is_referenced(entry.first);
        });
    }

  private:
    static media::OpenBlob as_file(const std::string& bytes) {
        base::UniqueFd file(memfd_create("blob", MFD_CLOEXEC));
        if (!file || ::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            throw base::StorageError("memfd_create failed");
        return media::OpenBlob{std::make_shared<const base::UniqueFd>(std::move(file)),
                               base::ByteCount(static_cast<std::int64_t>(bytes.size()))};
    }

    std::shared_ptr<MemoryBlobState> state_ =
        std::make_shared<MemoryBlobState>();  // shared with writers and stored blobs
};

}  // namespace mxcd::test
