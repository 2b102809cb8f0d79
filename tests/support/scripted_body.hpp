#pragma once

#include "mxcd/async/byte_source.hpp"
#include "mxcd/async/timeout.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace mxcd::test {

/// A request body that counts its readers' calls, and that can break or stop half-way. A piece is overwritten
/// by the next call, as a connection's buffer would be.
class ScriptedBody final : public async::ByteSource {
  public:
    explicit ScriptedBody(std::string bytes, std::size_t piece = 1024)
        : bytes_(std::move(bytes)), piece_(piece) {}

    /// Throws this instead of ending.
    void break_with(std::exception_ptr failure) { failure_ = std::move(failure); }
    /// Called once everything was handed out, before the end is told.
    void before_end(std::function<void()> action) { before_end_ = std::move(action); }
    /// Waits before the end until go_on() or cancellation.
    void wait_before_end() { waits_ = true; }

    [[nodiscard]] int reads() const { return reads_; }
    [[nodiscard]] std::size_t handed_out() const { return position_; }
    [[nodiscard]] bool is_waiting() const { return is_waiting_; }
    void go_on(async::Executor home) {
        async::asio::post(home, [this] {
            goes_on_ = true;
            timer_->cancel();
        });
    }

    async::Task<std::span<const std::byte>> next() override {
        ++reads_;
        const std::size_t length = std::min(piece_, bytes_.size() - position_);
        if (length == 0) co_await end();
        std::fill(buffer_.begin(), buffer_.end(), '?');
        buffer_.assign(bytes_, position_, length);
        position_ += length;
        co_return std::as_bytes(std::span<const char>(buffer_));
    }

  private:
    async::Task<> end() {
        if (before_end_) std::exchange(before_end_, nullptr)();
        if (waits_) co_await wait();
        if (failure_) std::rethrow_exception(failure_);
    }

    async::Task<> wait() {
        const async::Executor home = co_await async::asio::this_coro::executor;
        timer_.emplace(home, std::chrono::hours(1));
        is_waiting_ = true;
        try {
            co_await timer_->async_wait(async::use_task);
        } catch (const boost::system::system_error&) {
            if (!goes_on_) throw;
        }
        is_waiting_ = false;
    }

    std::string bytes_;
    std::size_t piece_;
    std::string buffer_;
    std::exception_ptr failure_;
    std::function<void()> before_end_;
    bool waits_ = false;
    bool goes_on_ = false;
    std::optional<async::Timer> timer_;
    std::atomic<int> reads_ = 0;
    std::atomic<std::size_t> position_ = 0;
    std::atomic<bool> is_waiting_ = false;
};

}  // namespace mxcd::test
