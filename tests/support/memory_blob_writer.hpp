#pragma once

#include "mxcd/base/errors.hpp"
#include "mxcd/base/memory_file.hpp"
#include "mxcd/media/blob_store.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

// The parts of MemoryBlobStore.
namespace mxcd::test {

struct MemoryBlob {
    std::string bytes;
    std::size_t users = 0;
    bool is_kept = false;
};

struct MemoryBlobState {
    std::mutex mutex;
    std::map<media::BlobKey, MemoryBlob> blobs;
    std::map<media::BlobKey, std::uint64_t> kept_counts;
    std::size_t spooling = 0;
    std::size_t refused_removals = 0;
    bool has_room = true;
    bool is_broken = false;
    base::ByteCount body_limit = base::ByteCount::max();

    void refuse_when_broken() const {
        if (is_broken) throw base::StorageError("the store was told to fail");
    }
};

class MemoryStoredBlob final : public media::StoredBlob {
  public:
    MemoryStoredBlob(std::shared_ptr<MemoryBlobState> state, const media::BlobKey& key)
        : state_(std::move(state)), key_(key) {}
    ~MemoryStoredBlob() override {
        const std::lock_guard lock(state_->mutex);
        MemoryBlob& blob = state_->blobs.at(key_);
        --blob.users;
        if (blob.users == 0 && !blob.is_kept) state_->blobs.erase(key_);
    }
    MemoryStoredBlob(const MemoryStoredBlob&) = delete;
    MemoryStoredBlob& operator=(const MemoryStoredBlob&) = delete;

    void keep() noexcept override {
        const std::lock_guard lock(state_->mutex);
        state_->blobs.at(key_).is_kept = true;
        ++state_->kept_counts[key_];
    }
    void leave() noexcept override { keep(); }

  private:
    std::shared_ptr<MemoryBlobState> state_;  // shared with the store and its other handles
    media::BlobKey key_;
};

class MemoryDoomedBlob final : public media::DoomedBlob {
  public:
    MemoryDoomedBlob(std::shared_ptr<MemoryBlobState> state, const media::BlobKey& key)
        : state_(std::move(state)), key_(key) {}

    void look() override {
        const std::lock_guard lock(state_->mutex);
        kept_count_ = state_->kept_counts[key_];
    }
    void spare() noexcept override {}
    async::Task<bool> remove() override {
        const std::lock_guard lock(state_->mutex);
        const auto found = state_->blobs.find(key_);
        if (found == state_->blobs.end()) co_return true;
        if (found->second.users > 0 || state_->kept_counts[key_] != kept_count_) {
            ++state_->refused_removals;
            co_return false;
        }
        state_->blobs.erase(found);
        co_return true;
    }

  private:
    std::shared_ptr<MemoryBlobState> state_;  // shared with the store and its other handles
    media::BlobKey key_;
    std::uint64_t kept_count_ = 0;
};

class MemoryBlobWriter final : public media::BlobWriter {
  public:
    explicit MemoryBlobWriter(std::shared_ptr<MemoryBlobState> state) : state_(std::move(state)) {
        ++state_->spooling;
    }
    ~MemoryBlobWriter() override {
        const std::lock_guard lock(state_->mutex);
        --state_->spooling;
    }
    MemoryBlobWriter(const MemoryBlobWriter&) = delete;
    MemoryBlobWriter& operator=(const MemoryBlobWriter&) = delete;

    async::Task<> write(std::span<const std::byte> bytes) override {
        const std::lock_guard lock(state_->mutex);
        if (size() + base::ByteCount(static_cast<std::int64_t>(bytes.size())) > state_->body_limit)
            throw base::StorageFull("the store was told to have no room");
        body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        co_return;
    }

    async::Task<media::SpooledBody> finish() override {
        key_ = media::BlobKey{base::sha256(body_)};
        co_return media::SpooledBody{key_, size()};
    }

    async::Task<media::OpenBlob> open() override {
        co_return media::OpenBlob{std::make_shared<const base::UniqueFd>(base::memory_file("spooled", body_)),
                                  size()};
    }

    async::Task<std::unique_ptr<media::StoredBlob>> store() override {
        const std::lock_guard lock(state_->mutex);
        state_->refuse_when_broken();
        MemoryBlob& blob = state_->blobs[key_];
        // Bytes that were there before belong to somebody already.
        if (blob.users == 0 && blob.bytes.empty()) blob.bytes = body_;
        ++blob.users;
        co_return std::make_unique<MemoryStoredBlob>(state_, key_);
    }

  private:
    [[nodiscard]] base::ByteCount size() const {
        return base::ByteCount(static_cast<std::int64_t>(body_.size()));
    }

    std::shared_ptr<MemoryBlobState> state_;  // shared with the store and its other handles
    std::string body_;
    media::BlobKey key_;
};

}  // namespace mxcd::test
