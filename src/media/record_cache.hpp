#pragma once

#include "mxcd/base/byte_count.hpp"
#include "mxcd/media/media_record.hpp"

#include <cstddef>
#include <cstdint>
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
    /// Asked before a record is read, and given to insert(): a record that was read before an erase() of any
    /// record may be an old one, and is not taken.
    [[nodiscard]] std::uint64_t generation();
    void insert(std::shared_ptr<const MediaRecord> record, std::uint64_t read_in);
    void erase(const matrix::MediaId& id);

  private:
    using Records = std::list<std::shared_ptr<const MediaRecord>>;  // newest use first
    using KeyView = std::reference_wrapper<const matrix::MediaId>;  // into the record itself

    void drop(Records::iterator record);

    const std::size_t max_records_;
    const base::ByteCount max_inline_bytes_;
    std::mutex mutex_;
    Records records_;
    std::unordered_map<KeyView, Records::iterator, std::hash<matrix::MediaId>, std::equal_to<matrix::MediaId>>
        index_;
    base::ByteCount inline_bytes_;
    std::uint64_t generation_ = 0;
};

}  // namespace mxcd::media
