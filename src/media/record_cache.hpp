#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/media/media_record.hpp"

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace mxcd::media {

/// The media records that were used last, bounded by their number and by the bytes that they carry.
/// Thread-safe.
class RecordCache {
  public:
    RecordCache(std::size_t max_records, base::ByteCount max_inline_bytes)
        : max_records_(max_records), max_inline_bytes_(max_inline_bytes) {}

    /// Nothing when the record is not here.
    [[nodiscard]] std::shared_ptr<const MediaRecord> find(const matrix::MediaId& id);
    void insert(std::shared_ptr<const MediaRecord> record);

  private:
    using Records = std::list<std::shared_ptr<const MediaRecord>>;  // newest use first
    using KeyView = std::reference_wrapper<const matrix::MediaId>;  // into the record itself

    void drop_oldest();

    const std::size_t max_records_;
    const base::ByteCount max_inline_bytes_;
    std::mutex mutex_;
    Records records_;
    std::unordered_map<KeyView, Records::iterator, std::hash<matrix::MediaId>, std::equal_to<matrix::MediaId>>
        index_;
    base::ByteCount inline_bytes_;
};

}  // namespace mxcd::media
