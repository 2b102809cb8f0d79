#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace mxcd::base {

/// A value that a reload replaces as a whole while others read it. Readers share ownership of what they got,
/// so a request that began under the old value ends under it.
template <class T>
class Snapshot {
  public:
    explicit Snapshot(T value) : value_(std::make_shared<const T>(std::move(value))) {}

    [[nodiscard]] std::shared_ptr<const T> get() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }

    void replace(T value) {
        auto next = std::make_shared<const T>(std::move(value));
        const std::lock_guard lock(mutex_);
        value_.swap(next);
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
};

}  // namespace mxcd::base
