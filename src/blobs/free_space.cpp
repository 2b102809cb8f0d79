#include "free_space.hpp"

#include <sys/statvfs.h>

namespace mxcd::blobs {

namespace {

constexpr std::chrono::seconds look_interval{1};

base::ByteCount free_bytes(const struct statvfs& facts) {
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(facts.f_bavail, facts.f_frsize, &bytes)) return base::ByteCount::max();
    return base::ByteCount(bytes);
}

/// File systems that make their inodes as they go report none at all.
bool has_inodes(const struct statvfs& facts) { return facts.f_files == 0 || facts.f_favail > 0; }

}  // namespace

FreeSpace::FreeSpace(int folder, base::ByteCount floor, base::Gauge& gauge)
    : folder_(folder), floor_(floor), free_bytes_(gauge) {
    look();
}

bool FreeSpace::has_room(Moment now) {
    Moment::rep due = next_look_.load(std::memory_order_relaxed);
    const Moment::rep moment = now.time_since_epoch().count();
    const Moment::rep next = (now + look_interval).time_since_epoch().count();
    if (moment >= due && next_look_.compare_exchange_strong(due, next, std::memory_order_relaxed)) look();
    return has_room_.load(std::memory_order_relaxed);
}

void FreeSpace::look() {
    struct statvfs facts{};
    if (fstatvfs(folder_, &facts) != 0) {
        has_room_ = false;
        return;
    }
    const base::ByteCount free = free_bytes(facts);
    free_bytes_.set(static_cast<double>(free.value()));
    has_room_ = free > floor_ && has_inodes(facts);
}

}  // namespace mxcd::blobs
