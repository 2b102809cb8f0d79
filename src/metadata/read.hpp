#pragma once

#include "store.hpp"

#include <exception>
#include <future>
#include <type_traits>
#include <utility>

namespace mxcd::metadata {

/// A question to the database. It sees what has been committed, also what is not durable yet. Called on the
/// database's thread.
class Read {
  public:
    virtual ~Read() = default;
    virtual void run(Store& store) noexcept = 0;
    /// False: it must be run outside any transaction.
    [[nodiscard]] virtual bool may_share_transaction() const { return true; }
};

namespace detail {

template <class Work, class Answer>
class FunctionRead final : public Read {
  public:
    FunctionRead(Work work, Answer answer) : work_(std::move(work)), answer_(std::move(answer)) {}

    void run(Store& store) noexcept override {
        using Result = std::invoke_result_t<Work&, Store&>;
        try {
            if constexpr (std::is_void_v<Result>) {
                work_(store);
                answer_.with();
            } else {
                answer_.with(work_(store));
            }
        } catch (...) {
            answer_.with_error(std::current_exception());
        }
    }

  private:
    Work work_;
    Answer answer_;
};

template <class Result>
class PromiseAnswer {
  public:
    explicit PromiseAnswer(std::promise<Result>& promise) : promise_(&promise) {}
    template <class... Value>
    void with(Value&&... value) const {
        promise_->set_value(std::forward<Value>(value)...);
    }
    void with_error(std::exception_ptr failure) const { promise_->set_exception(std::move(failure)); }

  private:
    std::promise<Result>* promise_;
};

}  // namespace detail

}  // namespace mxcd::metadata
