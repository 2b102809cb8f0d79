#include "body_buffers.hpp"

#include "mxcd/base/errors.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace mxcd::http {

namespace {

constexpr std::chrono::seconds longest_wait(30);

}  // namespace

async::Task<BodyBuffers::Loan> BodyBuffers::borrow() {
    if (places_ > 0) {
        --places_;
    } else {
        auto stand_in_line = [this](async::Resume<void> resume) {
            waiting_.push_back({std::move(resume), SteadyClock::now() + longest_wait});
        };
        co_await async::suspend<void>(stand_in_line);  // whoever answers has left us the place
    }
    try {
        co_return Loan(*this, buffers_.borrow());
    } catch (...) {
        pass_on_place();
        throw;
    }
}

void BodyBuffers::pass_on_place() {
    if (waiting_.empty()) {
        ++places_;
        return;
    }
    const async::Resume<void> first = std::move(waiting_.front().resume);
    waiting_.pop_front();
    first.with();
}

void BodyBuffers::check_deadlines(Moment now) {
    buffers_.trim();
    while (!waiting_.empty() && waiting_.front().deadline <= now) {
        const async::Resume<void> first = std::move(waiting_.front().resume);
        waiting_.pop_front();
        first.with_error(
            std::make_exception_ptr(base::Overloaded("bodies arrive faster than they are stored")));
    }
}

}  // namespace mxcd::http
