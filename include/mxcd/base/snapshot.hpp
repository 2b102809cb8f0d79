#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace mxcd::base {

/// A value that a reload replaces as a whole while others read it. Readers share ownership of what they got,
/// so a request that began under the old value ends under it.
template <class T>
class Snapshot {
  public:
    explicit Snapshot(T value) : value_(std::make_shared<const T>(std::move(value))) {}

    [[nodiscard]] std::shared_ptr<const T> get() const {
        const std::lock_guard lock(lock_);
        return value_;
    }

    void replace(T value) {
        auto next = std::make_shared<const T>(std::move(value));
        const std::lock_guard lock(lock_);
        value_.swap(next);
    }

  private:
    /// A pointer is copied in a few instructions, and every request does so several times: a mutex costs
    /// more.
    class SpinLock {
      public:
        void lock() noexcept {
            while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
        }
        void unlock() noexcept { flag_.clear(std::memory_order_release); }

      private:
        std::atomic_flag flag_;
    };

    mutable SpinLock lock_;
    std::shared_ptr<const T> value_;
};

}  // namespace mxcd::base
