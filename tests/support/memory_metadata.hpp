#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/media/media_list.hpp"
#include "mxcd/media/metadata_store.hpp"
#include "mxcd/media/moderation_store.hpp"
#include "mxcd/media/pending_media.hpp"
#include "mxcd/media/upload_ledger.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mxcd::test {

/// Metadata store, upload ledger, pending media, moderation and the list of media in memory, naive on
/// purpose: a window is summed up entry by entry. Keeps the same contract as the real ones. Thread-safe;
/// `clock` must outlive it.
class MemoryMetadata final : public media::MetadataStore,
                             public media::UploadLedger,
                             public media::PendingMedia,
                             public media::ModerationStore,
                             public media::MediaList {
  public:
    explicit MemoryMetadata(const base::Clock& clock)
        : clock_(base::make_window_clock(clock, base::TimePoint{})), wall_clock_(clock) {}

    /// The next record_upload fails with a StorageError, and nothing is written.
    void fail_next_record() {
        const std::lock_guard lock(mutex_);
        fail_next_record_ = true;
    }
    /// The next record_upload or fill writes, and ends with base::OutcomeUnknown.
    void fail_next_flush() {
        const std::lock_guard lock(mutex_);
        fail_next_flush_ = true;
    }
    [[nodiscard]] std::size_t reservations() const {
        const std::lock_guard lock(mutex_);
        return reservations_.size();
    }
    [[nodiscard]] std::vector<media::MediaRecord> records() const {
        const std::lock_guard lock(mutex_);
        std::vector<media::MediaRecord> all;
        for (const auto& [id, record] : records_) all.push_back(record);
        return all;
    }

    async::Task<> record_upload(media::MediaRecord record, media::ReservationId reservation) override {
        const std::lock_guard lock(mutex_);
        write_down(std::move(record), reservation);
        flush();
        co_return;
    }

    async::Task<media::CreateOutcome> create(media::CreateRequest request) override {
        const std::lock_guard lock(mutex_);
        const base::TimePoint now = wall_clock_.now();
        std::int64_t count = 0;
        base::TimePoint first = now + request.lifetime;
        for (const auto& [id, pending] : pending_) {
            if (pending.user != request.user || pending.expires_at <= now) continue;
            ++count;
            first = std::min(first, pending.expires_at);
        }
        if (count >= request.max_pending) co_return media::TooManyPending{first - now};
        pending_.emplace(request.id, Pending{request.user, now + request.lifetime, request.is_ephemeral});
        co_return media::Created{now + request.lifetime};
    }

    async::Task<media::ClaimOutcome> claim(matrix::MediaId id, matrix::UserId user) override {
        const std::lock_guard lock(mutex_);
        const auto record = records_.find(id);
        if (record != records_.end())
            co_return record->second.owner == user ? media::ClaimRefusal::has_content
                                                   : media::ClaimRefusal::not_owner;
        const auto pending = pending_.find(id);
        if (pending == pending_.end() || pending->second.expires_at <= wall_clock_.now())
            co_return media::ClaimRefusal::unknown;
        if (pending->second.user != user) co_return media::ClaimRefusal::not_owner;
        if (!claimed_.insert(id).second) co_return media::ClaimRefusal::claimed;
        co_return media::PendingClaim(*this, id);
    }
    void release(const matrix::MediaId& id) noexcept override {
        const std::lock_guard lock(mutex_);
        claimed_.erase(id);
    }
    async::Task<> fill(media::MediaRecord record, media::ReservationId reservation) override {
        const std::lock_guard lock(mutex_);
        const auto pending = pending_.find(record.id);
        if (pending == pending_.end() || pending->second.user != record.owner)
            throw base::StorageError("the media ID is not pending");
        record.is_ephemeral = pending->second.is_ephemeral;
        write_down(std::move(record), reservation);
        pending_.erase(pending);
        flush();
        co_return;
    }
    async::Task<std::optional<base::TimePoint>> expiry_of(matrix::MediaId id) override {
        const std::lock_guard lock(mutex_);
        const auto pending = pending_.find(id);
        if (pending == pending_.end() || pending->second.expires_at <= wall_clock_.now())
            co_return std::nullopt;
        co_return pending->second.expires_at;
    }

    async::Task<std::vector<media::BlobKey>> blobs_of(matrix::MediaId id) override {
        const std::lock_guard lock(mutex_);
        co_return blobs_of_record(id);
    }
    async::Task<std::optional<media::DeletedMedia>> erase(matrix::MediaId id) override {
        const std::lock_guard lock(mutex_);
        const auto found = records_.find(id);
        if (found == records_.end()) co_return std::nullopt;
        media::DeletedMedia deleted{found->second.owner, found->second.size, found->second.blob,
                                    blobs_of_record(id)};
        records_.erase(found);
        changes_.push_back(id);
        co_return deleted;
    }
    async::Task<std::vector<matrix::MediaId>> quarantine(matrix::MediaId id, std::string by) override {
        const std::lock_guard lock(mutex_);
        const auto found = records_.find(id);
        if (found == records_.end() || found->second.is_protected) co_return std::vector<matrix::MediaId>();
        co_return quarantine_hashes({found->second.blob}, by);
    }
    async::Task<std::vector<matrix::MediaId>> quarantine_all_of(matrix::UserId user,
                                                                std::string by) override {
        const std::lock_guard lock(mutex_);
        std::set<media::BlobKey> hashes;
        for (const auto& [id, record] : records_)
            if (record.owner == user && !record.is_protected && !record.quarantined_by)
                hashes.insert(record.blob);
        co_return quarantine_hashes(hashes, by);
    }
    async::Task<std::vector<matrix::MediaId>> unquarantine(matrix::MediaId id) override {
        const std::lock_guard lock(mutex_);
        std::vector<matrix::MediaId> changed;
        const auto found = records_.find(id);
        if (found == records_.end()) co_return changed;
        for (auto& [other, record] : records_) {
            if (record.blob != found->second.blob || !record.quarantined_by) continue;
            record.quarantined_by.reset();
            changed.push_back(other);
            changes_.push_back(other);
        }
        co_return changed;
    }
    async::Task<bool> set_protected(matrix::MediaId id, bool is_protected) override {
        const std::lock_guard lock(mutex_);
        const auto found = records_.find(id);
        if (found == records_.end()) co_return false;
        found->second.is_protected = is_protected;
        changes_.push_back(id);
        co_return true;
    }
    async::Task<media::MediaPage> media_of(media::MediaPageRequest request) override {
        const std::lock_guard lock(mutex_);
        std::vector<media::MediaRecord> all;
        for (const auto& [id, record] : records_)
            if (record.owner == request.user) all.push_back(record);
        std::ranges::sort(all, {}, [&request](const media::MediaRecord& record) {
            return std::pair(sorted_by(record, request.order), record.id);
        });
        if (request.is_descending) std::ranges::reverse(all);
        media::MediaPage page{{}, std::ssize(all)};
        for (std::int64_t i = request.from; i < std::min(page.total, request.from + request.limit); ++i)
            page.media.push_back(all.at(static_cast<std::size_t>(i)));
        co_return page;
    }

    async::Task<media::ListPiece> read(media::ListRequest request) override {
        const std::lock_guard lock(mutex_);
        media::ListPiece piece;
        piece.changes = std::ssize(changes_);
        for (std::int64_t i = request.changes_seen.value_or(piece.changes); i < piece.changes; ++i) {
            const matrix::MediaId& id = changes_.at(static_cast<std::size_t>(i));
            piece.changed.push_back({id, listed(id)});
        }
        for (const auto& [number, id] : order_) {
            std::optional<media::MediaRecord> record = listed(id);
            if (number <= request.after.major || !record) continue;
            if (request.owner && record->owner != *request.owner) continue;
            piece.is_last = std::ssize(piece.media) < request.limit;
            if (!piece.is_last) break;
            piece.media.push_back({*std::move(record), {number, 0}});
        }
        co_return piece;
    }

    async::Task<std::optional<media::MediaRecord>> find(matrix::MediaId id) override {
        const std::lock_guard lock(mutex_);
        const auto found = records_.find(id);
        if (found == records_.end()) co_return std::nullopt;
        co_return found->second;
    }

    async::Task<bool> is_blob_referenced(media::BlobKey key) override {
        const std::lock_guard lock(mutex_);
        co_return std::any_of(records_.begin(), records_.end(), [&key](const auto& entry) {
            return entry.second.blob == key && !entry.second.inline_body;
        });
    }

    async::Task<> back_up(std::filesystem::path destination, std::function<void(double)> progress) override {
        if (std::filesystem::exists(destination)) throw base::StorageError("the destination exists");
        std::ofstream(destination) << "a copy";
        progress(1.0);
        co_return;
    }

    async::Task<> ping() override { co_return; }

    async::Task<media::ReserveOutcome> reserve(media::ReserveRequest request) override {
        const std::lock_guard lock(mutex_);
        if (std::optional<media::LimitRefusal> refusal = broken_limit(request)) co_return *std::move(refusal);
        if (std::optional<media::QuotaRefusal> refusal = broken_quota(request)) co_return *std::move(refusal);
        const media::ReservationId id{next_id_++};
        reservations_.emplace(id, std::pair(request.user, request.size));
        co_return media::Reservation(*this, id);
    }

    async::Task<std::optional<media::LimitRefusal>> check(media::ReserveRequest request) override {
        const std::lock_guard lock(mutex_);
        co_return broken_limit(request);
    }

    void release(media::ReservationId id) noexcept override {
        const std::lock_guard lock(mutex_);
        reservations_.erase(id);
    }

    async::Task<std::vector<media::WindowUsage>> usage(matrix::UserId user,
                                                       std::vector<media::UploadLimit> limits) override {
        const std::lock_guard lock(mutex_);
        const base::TimePoint now = clock_->now();
        std::vector<media::WindowUsage> usages;
        for (const media::UploadLimit& limit : limits) {
            media::WindowUsage usage{limit, sent_in(user, limit, now), reserved_by(user), std::nullopt};
            for (const Sent& sent : sent_) {
                if (!is_in(sent, user, limit, now) || sent.size == base::ByteCount(0)) continue;
                usage.next_room_at = sent.at + limit.time_period;
                break;
            }
            usages.push_back(std::move(usage));
        }
        co_return usages;
    }

    async::Task<media::StoredMedia> stored(matrix::UserId user) override {
        const std::lock_guard lock(mutex_);
        media::StoredMedia stored;
        for (const auto& [id, record] : records_) {
            if (record.owner != user) continue;
            stored.bytes += record.size;
            ++stored.files;
        }
        co_return stored;
    }

  private:
    struct Sent {
        matrix::UserId user;
        base::TimePoint at;
        base::ByteCount size;
    };

    struct Pending {
        matrix::UserId user;
        base::TimePoint expires_at;
        bool is_ephemeral;
    };

    void flush() {
        if (std::exchange(fail_next_flush_, false)) throw base::OutcomeUnknown("told to fail");
    }

    void write_down(media::MediaRecord record, media::ReservationId reservation) {
        if (std::exchange(fail_next_record_, false)) throw base::StorageError("told to fail");
        if (!reservations_.contains(reservation)) throw base::StorageError("no such reservation");
        if (records_.contains(record.id)) throw base::StorageError("the media ID is taken");
        record.created_at = clock_->now();
        const bool has_quarantined_like =
            std::any_of(records_.begin(), records_.end(), [&](const auto& entry) {
                return entry.second.blob == record.blob && entry.second.quarantined_by;
            });
        if (has_quarantined_like && !record.quarantined_by) record.quarantined_by = "system";
        sent_.push_back({record.owner, record.created_at, record.size});
        reservations_.erase(reservation);
        order_.emplace(std::ssize(order_) + 1, record.id);
        records_.emplace(record.id, std::move(record));
    }

    std::optional<media::MediaRecord> listed(const matrix::MediaId& id) const {
        const auto found = records_.find(id);
        if (found == records_.end()) return std::nullopt;
        media::MediaRecord record = found->second;
        record.inline_body.reset();
        return record;
    }

    std::vector<media::BlobKey> blobs_of_record(const matrix::MediaId& id) const {
        const auto found = records_.find(id);
        if (found == records_.end() || found->second.inline_body) return {};
        return {found->second.blob};
    }

    std::vector<matrix::MediaId> quarantine_hashes(const std::set<media::BlobKey>& hashes,
                                                   const std::string& by) {
        std::vector<matrix::MediaId> changed;
        for (auto& [id, record] : records_) {
            if (record.is_protected || !hashes.contains(record.blob)) continue;
            record.quarantined_by = by;
            changed.push_back(id);
            changes_.push_back(id);
        }
        return changed;
    }

    static bool is_in(const Sent& sent, const matrix::UserId& user, const media::UploadLimit& limit,
                      base::TimePoint now) {
        return sent.user == user && now - sent.at < limit.time_period;
    }

    base::ByteCount sent_in(const matrix::UserId& user, const media::UploadLimit& limit,
                            base::TimePoint now) const {
        base::ByteCount sum;
        for (const Sent& sent : sent_)
            if (is_in(sent, user, limit, now)) sum += sent.size;
        return sum;
    }

    base::ByteCount reserved_by(const matrix::UserId& user) const {
        base::ByteCount sum;
        for (const auto& [id, reservation] : reservations_)
            if (reservation.first == user) sum += reservation.second;
        return sum;
    }

    bool fits(const media::ReserveRequest& request, const media::UploadLimit& limit,
              base::TimePoint now) const {
        const base::ByteCount used = sent_in(request.user, limit, now) + reserved_by(request.user);
        return request.size == base::ByteCount(0) || request.size <= limit.max_size - used;
    }

    std::optional<media::LimitRefusal> broken_limit(const media::ReserveRequest& request) const {
        const base::TimePoint now = clock_->now();
        const media::UploadLimit* longest = nullptr;
        std::optional<base::TimePoint> room_at = now;
        for (const media::UploadLimit& limit : request.limits) {
            if (fits(request, limit, now)) continue;
            if (longest == nullptr || limit.time_period > longest->time_period) longest = &limit;
            const std::optional<base::TimePoint> room = time_of_room(request, limit);
            room_at = room && room_at ? std::optional(std::max(*room, *room_at)) : std::nullopt;
        }
        if (longest == nullptr) return std::nullopt;
        const base::ByteCount used = sent_in(request.user, *longest, now) + reserved_by(request.user);
        return media::LimitRefusal{*longest, used, room_at};
    }

    std::optional<base::TimePoint> time_of_room(const media::ReserveRequest& request,
                                                const media::UploadLimit& limit) const {
        for (const Sent& sent : sent_) {
            if (limit.time_period > base::TimePoint::max() - sent.at) return std::nullopt;
            const base::TimePoint left = sent.at + limit.time_period;
            if (sent.user == request.user && left > clock_->now() && fits(request, limit, left)) return left;
        }
        return std::nullopt;
    }

    std::optional<media::QuotaRefusal> broken_quota(const media::ReserveRequest& request) const {
        base::ByteCount stored = reserved_by(request.user);
        std::int64_t files =
            std::count_if(reservations_.begin(), reservations_.end(),
                          [&request](const auto& entry) { return entry.second.first == request.user; });
        for (const auto& [id, record] : records_) {
            if (record.owner != request.user) continue;
            stored += record.size;
            ++files;
        }
        for (const media::StorageQuota& quota : request.quotas) {
            const bool bytes_fit = !quota.max_size || request.size == base::ByteCount(0) ||
                                   request.size <= *quota.max_size - stored;
            const bool file_fits = !quota.max_files || files < *quota.max_files;
            if (!bytes_fit || !file_fits) return media::QuotaRefusal{quota, stored, files};
        }
        return std::nullopt;
    }

    static std::pair<std::int64_t, std::string> sorted_by(const media::MediaRecord& record,
                                                          media::MediaOrder order) {
        const auto text = [](const std::optional<std::string>& value) {
            return std::pair(std::int64_t{value ? 1 : 0}, value.value_or(""));
        };
        switch (order) {
            case media::MediaOrder::created_at:
                return {record.created_at.time_since_epoch().count(), ""};
            case media::MediaOrder::id:
                return {0, record.id.text()};
            case media::MediaOrder::file_name:
                return text(record.file_name);
            case media::MediaOrder::size:
                return {record.size.value(), ""};
            case media::MediaOrder::content_type:
                return text(record.content_type);
            case media::MediaOrder::quarantined_by:
                return text(record.quarantined_by);
            case media::MediaOrder::is_protected:
                return {record.is_protected ? 1 : 0, ""};
        }
        return {};
    }

    mutable std::mutex mutex_;
    std::unique_ptr<base::Clock> clock_;
    const base::Clock& wall_clock_;
    std::map<media::ReservationId, std::pair<matrix::UserId, base::ByteCount>> reservations_;
    std::map<matrix::MediaId, media::MediaRecord> records_;
    std::map<std::int64_t, matrix::MediaId> order_;  // of all that was ever written
    std::vector<matrix::MediaId> changes_;
    std::map<matrix::MediaId, Pending> pending_;
    std::set<matrix::MediaId> claimed_;
    std::vector<Sent> sent_;
    std::uint64_t next_id_ = 1;
    bool fail_next_record_ = false;
    bool fail_next_flush_ = false;
};

}  // namespace mxcd::test
