#pragma once

#include "head_buffer.hpp"
#include "request_head.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace mxcd::http {

/// 256 KiB for body bytes, mapped by itself so that the memory really goes back when it is freed.
class BodyBuffer {
  public:
    static constexpr std::size_t size = 256 * 1024;

    BodyBuffer();
    ~BodyBuffer();
    BodyBuffer(const BodyBuffer&) = delete;
    BodyBuffer& operator=(const BodyBuffer&) = delete;

    [[nodiscard]] std::span<std::byte> bytes() { return {memory_, size}; }

  private:
    std::byte* memory_;
};

/// Where the header of a request lives while it is served.
struct Workspace {
    HeadBuffer buffer;
    RequestHead head;
};

/// Lends objects within one io thread; keeps at most `kept` of them when they come back. It outlives its
/// loans.
template <class T>
class Pool {
  public:
    class Loan {
      public:
        Loan() = default;
        Loan(Pool& pool, std::unique_ptr<T> object) : pool_(&pool), object_(std::move(object)) {}
        ~Loan() { give_back(); }
        Loan(Loan&& other) noexcept = default;
        Loan& operator=(Loan&& other) noexcept {
            give_back();
            pool_ = other.pool_;
            object_ = std::move(other.object_);
            return *this;
        }

        void give_back() {
            if (object_) pool_->take_back(std::move(object_));
        }
        [[nodiscard]] explicit operator bool() const { return object_ != nullptr; }
        T* operator->() const { return object_.get(); }
        T& operator*() const { return *object_; }

      private:
        Pool* pool_ = nullptr;
        std::unique_ptr<T> object_;
    };

    explicit Pool(std::size_t kept) : kept_(kept) { free_.reserve(kept); }

    [[nodiscard]] Loan borrow() {
        if (free_.empty()) return Loan(*this, std::make_unique<T>());
        std::unique_ptr<T> object = std::move(free_.back());
        free_.pop_back();
        least_idle_ = std::min(least_idle_, free_.size());
        return Loan(*this, std::move(object));
    }
    /// Now and then: frees one of the kept objects when one was not needed since the last time.
    void trim() {
        if (least_idle_ > 0) free_.pop_back();
        least_idle_ = free_.size();
    }
    [[nodiscard]] std::size_t idle() const { return free_.size(); }

  private:
    void take_back(std::unique_ptr<T> object) {
        if (free_.size() < kept_)
            free_.push_back(std::move(object));
        else
            object.reset();
    }

    std::size_t kept_;
    std::vector<std::unique_ptr<T>> free_;
    std::size_t least_idle_ = 0;  // since the last trim()
};

}  // namespace mxcd::http
