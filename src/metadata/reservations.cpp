#include "reservations.hpp"

#include "mxcd/base/errors.hpp"

namespace mxcd::metadata {

Reservations::Reservations(base::Metrics& metrics)
    : gauge_(metrics.gauge("mxcd_ledger_reservations", "Uploads in flight that have bytes reserved")) {}

media::ReservationId Reservations::add(const matrix::UserId& user, base::ByteCount size) {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= limit) throw base::Overloaded("too many uploads in flight");
    const auto [reserved, is_first] = by_user_.try_emplace(user);
    // A saturated sum could not be taken apart again.
    if (size > base::ByteCount::max() - reserved->second.bytes)
        throw base::Overloaded("more bytes in flight than can be counted");
    const std::uint64_t id = next_id_++;
    try {
        entries_.emplace(id, Entry{user, size});
    } catch (...) {
        if (is_first) by_user_.erase(reserved);
        throw;
    }
    reserved->second.bytes += size;
    ++reserved->second.files;
    gauge_.set(static_cast<double>(entries_.size()));
    return media::ReservationId{id};
}

Reserved Reservations::of(const matrix::UserId& user) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_user_.find(user);
    return found == by_user_.end() ? Reserved{} : found->second;
}

std::optional<Reservations::Entry> Reservations::find(media::ReservationId id) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(static_cast<std::uint64_t>(id));
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

void Reservations::end(media::ReservationId id) noexcept {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(static_cast<std::uint64_t>(id));
    if (entry == entries_.end()) return;
    const auto reserved = by_user_.find(entry->second.user);
    reserved->second.bytes -= entry->second.size;
    if (--reserved->second.files == 0) by_user_.erase(reserved);
    entries_.erase(entry);
    gauge_.set(static_cast<double>(entries_.size()));
}

}  // namespace mxcd::metadata
