#pragma once

#include "mxcd/async/task.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace mxcd::async {

/// What a suspended task is waiting for. Any thread may answer, once; later answers are ignored and return
/// false. Copies share the one answer. When the last copy goes without an answer the task ends with an
/// exception, so a forgotten task cannot hang.
template <class T>
class Resume {
  public:
    using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
    using Outcome = std::variant<std::exception_ptr, Value>;
    using Handler = asio::any_completion_handler<void(Outcome)>;

    Resume(Handler handler, Executor home) : waiting_(std::make_shared<Waiting>(std::move(handler), home)) {}

    bool with(Value value) const {
        return waiting_->answer(Outcome(std::in_place_index<1>, std::move(value)));
    }
    bool with() const
        requires std::is_void_v<T>
    {
        return with(std::monostate{});
    }
    bool with_error(std::exception_ptr failure) const {
        return waiting_->answer(Outcome(std::in_place_index<0>, std::move(failure)));
    }

  private:
    class Waiting {
      public:
        Waiting(Handler handler, Executor home) : handler_(std::move(handler)), home_(std::move(home)) {}
        ~Waiting() {
            if (!answered_.load(std::memory_order_relaxed))
                answer(Outcome(std::in_place_index<0>, std::make_exception_ptr(std::logic_error(
                                                           "nobody answered a suspended task"))));
        }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

        bool answer(Outcome outcome) {
            if (answered_.exchange(true, std::memory_order_acq_rel)) return false;
            asio::post(home_, [handler = std::move(handler_), outcome = std::move(outcome)]() mutable {
                std::move(handler)(std::move(outcome));
            });
            return true;
        }

      private:
        Handler handler_;
        Executor home_;
        std::atomic<bool> answered_ = false;
    };

    std::shared_ptr<Waiting> waiting_;  // shared by everyone who might answer: a worker, a timer, a canceller
};

/// Suspends the caller and calls `start(Resume<T>)` at once, on the caller's thread; the caller goes on, on
/// its own io thread, when somebody answers. What `start` throws is the answer. Cancellation does not end the
/// wait: whoever holds the Resume must answer.
template <class T, class Start>
Task<T> suspend(Start start) {
    using Outcome = typename Resume<T>::Outcome;
    const Executor home = co_await asio::this_coro::executor;
    // Not every Start can be called when it is const.
    auto begin = [home](auto handler, Start begin_with) {  // NOLINT(performance-unnecessary-value-param)
        const Resume<T> resume(typename Resume<T>::Handler(std::move(handler)), home);
        try {
            begin_with(resume);
        } catch (...) {
            // From here Asio would let it escape into the io thread and end the process.
            resume.with_error(std::current_exception());
        }
    };
    Outcome outcome = co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void(Outcome)>(
        std::move(begin), use_task, std::move(start));
    if (outcome.index() == 0) std::rethrow_exception(std::get<0>(outcome));
    if constexpr (!std::is_void_v<T>) co_return std::get<1>(std::move(outcome));
}

}  // namespace mxcd::async
