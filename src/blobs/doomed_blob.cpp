#include "doomed_blob.hpp"

#include <optional>
#include <utility>

namespace mxcd::blobs {

namespace {

class FolderDoomedBlob final : public media::DoomedBlob {
  public:
    FolderDoomedBlob(FolderDisk& disk, Errands& errands, Placement placement)
        : disk_(disk), errands_(errands), placement_(std::move(placement)) {}
    ~FolderDoomedBlob() override {
        if (placement_) disk_.leave_doomed(*placement_);
    }
    FolderDoomedBlob(const FolderDoomedBlob&) = delete;
    FolderDoomedBlob& operator=(const FolderDoomedBlob&) = delete;

    void spare() noexcept override {
        errands_.run([&disk = disk_, placement = take()] { disk.keep(placement); });
    }
    void remove() noexcept override {
        errands_.run([&disk = disk_, placement = take()] { disk.remove_doomed(placement); });
    }

  private:
    Placement take() { return *std::exchange(placement_, std::nullopt); }

    FolderDisk& disk_;
    Errands& errands_;
    std::optional<Placement> placement_;
};

}  // namespace

std::unique_ptr<media::DoomedBlob> make_doomed_blob(FolderDisk& disk, Errands& errands, Placement placement) {
    return std::make_unique<FolderDoomedBlob>(disk, errands, std::move(placement));
}

}  // namespace mxcd::blobs
