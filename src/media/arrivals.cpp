#include "mxcd/media/arrivals.hpp"

#include "mxcd/async/timeout.hpp"
#include "mxcd/async/unless.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/matrix/error.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace mxcd::media {

namespace {

matrix::Error not_yet_uploaded() {
    return matrix::Error(matrix::ErrorCode::not_yet_uploaded, "Media has not been uploaded yet");
}

}  // namespace

/// One waiting request, on its own io thread.
class Arrivals::Waiter {
  public:
    explicit Waiter(async::Executor home) : timer_(home) {}

    /// Until woken, the limit, or cancellation.
    async::Task<> wait(std::chrono::milliseconds limit) {
        if (is_woken_) co_return;
        timer_.expires_after(limit);
        boost::system::error_code ended;
        co_await timer_.async_wait(async::asio::redirect_error(async::use_task, ended));
        if (ended && !is_woken_) throw boost::system::system_error(ended);
    }
    [[nodiscard]] bool is_woken() const { return is_woken_; }

    /// From any thread.
    static void wake(const std::shared_ptr<Waiter>& waiter) {
        async::asio::post(waiter->timer_.get_executor(), [waiter] {
            waiter->is_woken_ = true;
            waiter->timer_.cancel();
        });
    }

  private:
    async::Timer timer_;
    bool is_woken_ = false;
};

/// A waiter's entry in the table while it lives. Throws 504 when there is no place.
class Arrivals::Place {
  public:
    Place(Arrivals& arrivals, const matrix::MediaId& id, std::shared_ptr<Waiter> waiter)
        : arrivals_(arrivals) {
        const std::lock_guard lock(arrivals_.mutex_);
        if (arrivals_.is_stopped_ || arrivals_.waiters_.size() >= arrivals_.max_waiting_)
            throw not_yet_uploaded();
        entry_ = arrivals_.waiters_.emplace(id, std::move(waiter));
        arrivals_.waiting_.add(1);
    }
    ~Place() {
        const std::lock_guard lock(arrivals_.mutex_);
        arrivals_.waiters_.erase(entry_);
        arrivals_.waiting_.add(-1);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

  private:
    Arrivals& arrivals_;
    Waiters::iterator entry_;
};

Arrivals::Arrivals(PendingMedia& pending, const base::Clock& clock, base::Metrics& metrics,
                   std::size_t max_waiting)
    : pending_(pending),
      clock_(clock),
      max_waiting_(max_waiting),
      waiting_(
          metrics.gauge("mxcd_arrivals_waiting", "Requests that wait for media that is not uploaded yet")) {}

Arrivals::~Arrivals() = default;

async::Task<> Arrivals::await_content(matrix::MediaId id, std::chrono::milliseconds patience,
                                      async::Task<> hang_up) {
    const std::optional<base::TimePoint> expires_at = co_await pending_.expiry_of(id);
    if (!expires_at) co_return;
    if (patience <= std::chrono::milliseconds(0)) throw not_yet_uploaded();
    const bool has_ended = co_await async::unless(std::move(hang_up), wait_in_table(std::move(id), patience));
    if (!has_ended) throw base::ClientGone("the client hung up while it waited for an upload");
}

async::Task<> Arrivals::wait_in_table(matrix::MediaId id, std::chrono::milliseconds patience) {
    const async::Executor home = co_await async::asio::this_coro::executor;
    const auto waiter = std::make_shared<Waiter>(home);
    const Place place(*this, id, waiter);
    // Only now: an upload that ended before this is seen here, one that ends later wakes the waiter.
    const std::optional<base::TimePoint> expires_at = co_await pending_.expiry_of(std::move(id));
    if (!expires_at) co_return;
    co_await waiter->wait(std::min(patience, *expires_at - clock_.now()));
    if (clock_.now() >= *expires_at) co_return;
    if (!waiter->is_woken() || is_stopped()) throw not_yet_uploaded();
}

bool Arrivals::is_stopped() {
    const std::lock_guard lock(mutex_);
    return is_stopped_;
}

void Arrivals::announce(const matrix::MediaId& id) {
    const std::lock_guard lock(mutex_);
    const auto [first, last] = waiters_.equal_range(id);
    for (auto entry = first; entry != last; ++entry) Waiter::wake(entry->second);
}

void Arrivals::stop() {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    for (const auto& [id, waiter] : waiters_) Waiter::wake(waiter);
}

}  // namespace mxcd::media
