#include "mxcd/media/removals.hpp"

#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include <chrono>
#include <string_view>
#include <utility>

namespace mxcd::media {

namespace {

using Clock = std::chrono::steady_clock;

constexpr base::Logger logger("media");
// An upload that is in flight has all its bytes: what is waited for is its commit.
constexpr std::chrono::seconds longest_wait_for_uploads(10);
constexpr std::chrono::milliseconds pause_between_looks(20);
/// Some tens of megabytes; what comes on top is noted on the disk all the same, for the next start.
constexpr std::size_t most_waiting = 100'000;

}  // namespace

async::Task<> Removals::remove(std::unique_ptr<DoomedBlob> blob, BlobKey key) {
    const Clock::time_point give_up = Clock::now() + longest_wait_for_uploads;
    async::Timer pause(co_await async::asio::this_coro::executor);
    while (true) {
        // At each turn: a row that is in a copy can have come and gone since the last one.
        if (wait_for_end(blob, key)) co_return;
        blob->look();
        const bool is_referenced = co_await metadata_.is_blob_referenced(key);
        if (is_referenced) {
            blob->spare();
            co_return;
        }
        bool is_gone = false;
        try {
            is_gone = co_await blob->remove();
        } catch (const base::Overloaded&) {
            // The rows have gone already: the caller has nothing to try again.
        }
        if (is_gone) co_return;
        if (Clock::now() > give_up) {
            logger.warn(
                "bytes that nobody needs are left to the next start",
                {{"sha256", std::string_view(key.hex())}, {"reason", "they are being uploaded again"}});
            co_return;
        }
        pause.expires_after(pause_between_looks);
        co_await pause.async_wait(async::use_task);
    }
}

void Removals::begin_hold() {
    const std::lock_guard lock(mutex_);
    ++holds_;
}

bool Removals::wait_for_end(std::unique_ptr<DoomedBlob>& blob, const BlobKey& key) {
    const std::lock_guard lock(mutex_);
    if (holds_ == 0) return false;
    if (waiting_.size() < most_waiting) {
        waiting_.push_back({std::move(blob), key});
    } else {
        ++left_out_;
    }
    return true;
}

void Removals::end_hold(const async::Executor& home) noexcept {
    std::vector<Waiting> waiting;
    std::int64_t left_out = 0;
    {
        const std::lock_guard lock(mutex_);
        if (--holds_ > 0) return;
        waiting = std::exchange(waiting_, {});
        left_out = std::exchange(left_out_, 0);
    }
    if (left_out > 0)
        logger.warn("bytes that nobody needs are left to the next start",
                    {{"count", left_out}, {"reason", "too much was deleted during a backup"}});
    if (waiting.empty()) return;
    try {
        background_.spawn(home, remove_all(std::move(waiting)));
    } catch (const std::exception&) {
        // No memory for a task: the next start takes the bytes away.
    }
}

async::Task<> Removals::remove_all(std::vector<Waiting> waiting) {
    for (Waiting& each : waiting) co_await remove(std::move(each.blob), each.key);
}

}  // namespace mxcd::media
