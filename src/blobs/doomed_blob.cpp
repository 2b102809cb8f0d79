#include "doomed_blob.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace mxcd::blobs {

namespace {

class FolderDoomedBlob final : public media::DoomedBlob {
  public:
    FolderDoomedBlob(FolderDisk& disk, async::WorkerPool& workers, Errands& errands, Placement placement)
        : disk_(disk), workers_(workers), errands_(errands), placement_(std::move(placement)) {}
    ~FolderDoomedBlob() override {
        if (placement_) disk_.leave_doomed(*placement_);
    }
    FolderDoomedBlob(const FolderDoomedBlob&) = delete;
    FolderDoomedBlob& operator=(const FolderDoomedBlob&) = delete;

    void look() override { kept_count_ = disk_.kept_count(*placement_); }
    void spare() noexcept override {
        errands_.run([&disk = disk_, placement = *std::exchange(placement_, std::nullopt)] {
            disk.spare_doomed(placement);
        });
    }
    async::Task<bool> remove() override {
        const bool is_removed =
            co_await workers_.run([this] { return disk_.remove_doomed(*placement_, kept_count_); });
        if (is_removed) placement_.reset();
        co_return is_removed;
    }

  private:
    FolderDisk& disk_;
    async::WorkerPool& workers_;
    Errands& errands_;
    std::optional<Placement> placement_;
    std::uint64_t kept_count_ = 0;
};

}  // namespace

std::unique_ptr<media::DoomedBlob> make_doomed_blob(FolderDisk& disk, async::WorkerPool& workers,
                                                    Errands& errands, Placement placement) {
    return std::make_unique<FolderDoomedBlob>(disk, workers, errands, std::move(placement));
}

}  // namespace mxcd::blobs
