#pragma once

#include "mxcd/async/suspend.hpp"
#include "mxcd/async/task.hpp"

#include "buffer_pool.hpp"
#include "pace.hpp"

#include <cstddef>
#include <deque>

namespace mxcd::http {

/// Lends the buffers that body bytes pass through, a bounded number at a time, within one io thread: a
/// thousand uploads whose bytes arrive together, and a disk that cannot keep up, must not hold a thousand
/// buffers. Who waits does not read, so its client is slowed down by TCP. It outlives its loans.
class BodyBuffers {
  public:
    /// A buffer, and one of the places that may be taken.
    class Loan {
      public:
        Loan() = default;
        Loan(BodyBuffers& owner, Pool<BodyBuffer>::Loan buffer)
            : owner_(&owner), buffer_(std::move(buffer)) {}
        ~Loan() { give_back(); }
        Loan(Loan&& other) noexcept = default;
        Loan& operator=(Loan&& other) noexcept {
            give_back();
            owner_ = other.owner_;
            buffer_ = std::move(other.buffer_);
            return *this;
        }

        void give_back() {
            if (!buffer_) return;
            buffer_.give_back();
            owner_->pass_on_place();
        }
        BodyBuffer* operator->() const { return buffer_.operator->(); }

      private:
        BodyBuffers* owner_ = nullptr;
        Pool<BodyBuffer>::Loan buffer_;
    };

    explicit BodyBuffers(std::size_t places) : places_(places) {}

    /// In the order of asking. Throws base::Overloaded when no place has become free in 30 s.
    [[nodiscard]] async::Task<Loan> borrow();
    /// For bytes that are dropped before anybody else of this thread runs.
    [[nodiscard]] Pool<BodyBuffer>::Loan borrow_for_a_moment() { return buffers_.borrow(); }
    /// For the sweep: ends waits whose time is up, and gives memory back that nobody has needed since the
    /// last one.
    void check_deadlines(Moment now);

  private:
    struct Waiting {
        async::Resume<void> resume;
        Moment deadline;
    };
    static constexpr std::size_t kept = 16;

    void pass_on_place();

    Pool<BodyBuffer> buffers_{kept};
    std::size_t places_;  // free ones
    std::deque<Waiting> waiting_;
};

}  // namespace mxcd::http
