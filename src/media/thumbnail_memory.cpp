#include "thumbnail_memory.hpp"

#include "thumbnail_choice.hpp"

#include <chrono>
#include <iterator>
#include <utility>

namespace mxcd::media {

namespace {

constexpr std::size_t max_records = 8192;
constexpr std::size_t max_inline_bytes = std::size_t{16} * 1024 * 1024;
constexpr std::size_t max_failures = 1024;
constexpr std::chrono::minutes failure_life{10};

std::string name_of(const matrix::MediaId& media, const ThumbnailForm& form) {
    return media.text() + "/" + to_text(form);
}

std::size_t carried_bytes(const ThumbnailRecord& record) {
    return record.inline_body ? record.inline_body->size() : 0;
}

}  // namespace

std::shared_ptr<const ThumbnailRecord> ThumbnailMemory::find(const matrix::MediaId& media,
                                                             const ThumbnailForm& form) {
    const std::string name = name_of(media, form);
    const std::lock_guard lock(mutex_);
    const auto found = records_by_name_.find(name);
    if (found == records_by_name_.end()) return nullptr;
    records_.splice(records_.begin(), records_, found->second);
    return found->second->record;
}

void ThumbnailMemory::insert(std::shared_ptr<const ThumbnailRecord> record) {
    std::string name = name_of(record->media, record->form);
    const std::lock_guard lock(mutex_);
    if (records_by_name_.contains(name)) return;
    const std::size_t bytes = carried_bytes(*record);
    while (!records_.empty() && (records_.size() >= max_records || inline_bytes_ + bytes > max_inline_bytes))
        drop(std::prev(records_.end()));
    records_.push_front({std::move(name), std::move(record)});
    records_by_name_.emplace(records_.front().name, records_.begin());
    inline_bytes_ += bytes;
}

void ThumbnailMemory::erase(const matrix::MediaId& media) {
    const std::lock_guard lock(mutex_);
    for (auto next = records_.begin(); next != records_.end();) {
        const Records::iterator record = next++;
        if (record->record->media == media) drop(record);
    }
}

void ThumbnailMemory::drop(Records::iterator record) {
    inline_bytes_ -= carried_bytes(*record->record);
    records_by_name_.erase(record->name);
    records_.erase(record);
}

std::optional<ThumbnailRefusal> ThumbnailMemory::find_refusal(const std::string& work) {
    const std::lock_guard lock(mutex_);
    const auto found = failures_by_work_.find(work);
    if (found == failures_by_work_.end()) return std::nullopt;
    if (clock_.now() < found->second->until) return found->second->refusal;
    failures_.erase(found->second);
    failures_by_work_.erase(found);
    return std::nullopt;
}

void ThumbnailMemory::insert_refusal(const std::string& work, ThumbnailRefusal refusal) {
    const std::lock_guard lock(mutex_);
    if (failures_by_work_.contains(work)) return;
    if (failures_.size() >= max_failures) {
        failures_by_work_.erase(failures_.back().work);
        failures_.pop_back();
    }
    failures_.push_front({work, refusal, clock_.now() + failure_life});
    failures_by_work_.emplace(work, failures_.begin());
}

}  // namespace mxcd::media
