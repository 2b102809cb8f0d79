#include "spool_writer.hpp"

#include "mxcd/base/errors.hpp"

#include "spool_stream.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

namespace mxcd::blobs {

namespace {

using Seconds = std::chrono::duration<double>;
using SteadyClock = std::chrono::steady_clock;

/// A placement as the workshop sees it.
class PlacedBlob final : public media::StoredBlob {
  public:
    PlacedBlob(FolderDisk& disk, Errands& errands, Placement placement)
        : disk_(disk), errands_(errands), placement_(std::move(placement)) {}
    PlacedBlob(const PlacedBlob&) = delete;
    PlacedBlob& operator=(const PlacedBlob&) = delete;

    ~PlacedBlob() override {
        if (has_ended_) return;
        errands_.run([&disk = disk_, placement = std::move(placement_)] { disk.withdraw(placement); });
    }

    void keep() noexcept override {
        if (std::exchange(has_ended_, true)) return;
        errands_.run([&disk = disk_, placement = std::move(placement_)] { disk.keep(placement); });
    }

    void leave() noexcept override {
        if (std::exchange(has_ended_, true)) return;
        disk_.leave(placement_);
    }

  private:
    FolderDisk& disk_;
    Errands& errands_;
    Placement placement_;
    bool has_ended_ = false;
};

class SpoolWriter final : public media::BlobWriter {
  public:
    SpoolWriter(const WriterTools& tools, SpoolFile spool) : tools_(tools), spool_(std::move(spool)) {}
    SpoolWriter(const SpoolWriter&) = delete;
    SpoolWriter& operator=(const SpoolWriter&) = delete;

    ~SpoolWriter() override {
        if (!spool_.file) return;
        tools_.errands.run(
            [&disk = tools_.disk, spool = std::move(spool_)]() mutable { disk.discard(std::move(spool)); });
    }

    async::Task<> write(std::span<const std::byte> bytes) override {
        assert(!is_finished_);
        co_await tools_.workers.run([this, bytes] { append(bytes); });
    }

    async::Task<media::SpooledBody> finish() override {
        assert(!is_finished_);
        refuse_when_broken();
        is_finished_ = true;
        if (stream_.has_rest()) {
            is_broken_ = true;
            co_await tools_.workers.run([this] { stream_.finish(); });
            is_broken_ = false;
        }
        body_ = media::SpooledBody{media::BlobKey{hash_.finish()}, size_};
        co_return body_;
    }

    async::Task<media::OpenBlob> open() override {
        assert(is_finished_);
        refuse_when_broken();
        base::UniqueFd file = co_await tools_.workers.run([this] { return tools_.disk.reopen(spool_); });
        co_return media::OpenBlob{std::make_shared<const base::UniqueFd>(std::move(file)), body_.size};
    }

    async::Task<std::unique_ptr<media::StoredBlob>> store() override {
        assert(is_finished_);
        const SteadyClock::time_point begin = SteadyClock::now();
        std::unique_ptr<media::StoredBlob> stored = co_await tools_.workers.run([this] { return place(); });
        tools_.metrics.store_duration.observe(Seconds(SteadyClock::now() - begin).count());
        co_return stored;
    }

  private:
    void append(std::span<const std::byte> bytes) {
        refuse_when_broken();
        // Part of a piece may be in the file when a write fails: then no key would fit it.
        is_broken_ = true;
        stream_.append(bytes);
        hash_.update(bytes);
        is_broken_ = false;
        size_ += base::ByteCount(static_cast<std::int64_t>(bytes.size()));
        tools_.metrics.bytes_written.add(static_cast<double>(bytes.size()));
    }

    std::unique_ptr<media::StoredBlob> place() {
        refuse_when_broken();
        // Not captured by the job: a job that the pool refuses would take the file along, and nobody removed
        // it.
        is_broken_ = true;
        Placement placement = tools_.disk.place(std::move(spool_), body_);
        if (placement.was_there_before) tools_.metrics.deduplicated.add();
        return std::make_unique<PlacedBlob>(tools_.disk, tools_.errands, std::move(placement));
    }

    void refuse_when_broken() const {
        if (is_broken_)
            throw base::StorageError("a body is used after a write failed or after it was stored");
    }

    const WriterTools tools_;
    SpoolFile spool_;
    SpoolStream stream_{tools_.disk, spool_};
    base::Sha256 hash_;
    base::ByteCount size_;
    media::SpooledBody body_{};
    bool is_finished_ = false;
    bool is_broken_ = false;
};

}  // namespace

std::unique_ptr<media::BlobWriter> make_spool_writer(const WriterTools& tools, SpoolFile spool) {
    return std::make_unique<SpoolWriter>(tools, std::move(spool));
}

}  // namespace mxcd::blobs
