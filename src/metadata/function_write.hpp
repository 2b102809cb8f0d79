#pragma once

#include "mxcd/async/suspend.hpp"

#include "database_thread.hpp"
#include "group_commit.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace mxcd::metadata {

/// A change that gives a result when it is durable.
template <class Work>
class FunctionWrite final : public Write {
  public:
    using Result = std::invoke_result_t<Work&, Store&>;

    FunctionWrite(Work work, async::Resume<Result> resume)
        : work_(std::move(work)), resume_(std::move(resume)) {}

    void apply(Store& store) override { result_.emplace(work_(store)); }
    void answer(std::exception_ptr failure) noexcept override {
        if (failure) {
            resume_.with_error(std::move(failure));
        } else {
            resume_.with(*std::move(result_));
        }
    }

  private:
    Work work_;
    async::Resume<Result> resume_;
    std::optional<Result> result_;
};

/// Runs `work(Store&)` as a write and gives its result once that is committed.
template <class Work>
async::Task<std::invoke_result_t<Work&, Store&>> write_for_result(DatabaseThread& thread, Work work) {
    using Result = std::invoke_result_t<Work&, Store&>;
    auto start = [&thread, work = std::move(work)](async::Resume<Result> resume) mutable {
        thread.submit(std::make_unique<FunctionWrite<Work>>(std::move(work), std::move(resume)));
    };
    return async::suspend<Result>(std::move(start));
}

}  // namespace mxcd::metadata
