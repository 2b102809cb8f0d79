#pragma once

#include "mxcd/base/clock.hpp"
#include "mxcd/media/thumbnail_catalog.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace mxcd::media {

/// What was found out about thumbnails lately: the records that were used last, and what could not be made.
/// Bounded. Thread-safe.
class ThumbnailMemory {
  public:
    /// `clock` must outlive it.
    explicit ThumbnailMemory(const base::Clock& clock) : clock_(clock) {}

    /// Nothing when the record is not here.
    [[nodiscard]] std::shared_ptr<const ThumbnailRecord> find(const matrix::MediaId& media,
                                                              const ThumbnailForm& form);
    void insert(std::shared_ptr<const ThumbnailRecord> record);

    void erase(const matrix::MediaId& media);

    /// Why `work` failed, for ten minutes after it did: then it is tried again.
    [[nodiscard]] std::optional<ThumbnailRefusal> find_refusal(const std::string& work);
    void insert_refusal(const std::string& work, ThumbnailRefusal refusal);

  private:
    struct Record {
        std::string name;
        std::shared_ptr<const ThumbnailRecord> record;
    };
    struct Failure {
        std::string work;
        ThumbnailRefusal refusal;
        base::TimePoint until;
    };
    using Records = std::list<Record>;    // newest use first
    using Failures = std::list<Failure>;  // newest first

    void drop(Records::iterator record);

    const base::Clock& clock_;
    std::mutex mutex_;
    Records records_;
    std::unordered_map<std::string, Records::iterator> records_by_name_;
    std::size_t inline_bytes_ = 0;
    Failures failures_;
    std::unordered_map<std::string, Failures::iterator> failures_by_work_;
};

}  // namespace mxcd::media
