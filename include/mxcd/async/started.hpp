#pragma once

#include "mxcd/async/suspend.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace mxcd::async {

/// A task that runs beside its starter and whose result is awaited later, or never: then it goes on in the
/// group to its own end. `home` is the starter's own thread, on which everything here happens. `task` must
/// own what it uses.
template <class T>
class Started {
  public:
    Started(TaskGroup& group, Executor home, Task<T> task) : shared_(std::make_shared<Shared>()) {
        group.spawn(home, fill(std::move(task), Ending(shared_)));
    }

    /// The task's result, or what it threw; operation_aborted when the group ended it. Once.
    Task<T> result() {
        const std::shared_ptr<Shared> shared = shared_;
        if (!shared->outcome) {
            auto wait = [shared](Resume<void> waiting) { shared->waiting = std::move(waiting); };
            co_await suspend<void>(std::move(wait));
        }
        if (shared->outcome->index() == 0) std::rethrow_exception(std::get<0>(*shared->outcome));
        co_return std::get<1>(*std::move(shared->outcome));
    }

  private:
    using Outcome = std::variant<std::exception_ptr, T>;
    struct Shared {
        std::optional<Outcome> outcome;
        std::optional<Resume<void>> waiting;
    };

    /// Tells the outcome once, also when the task is destroyed before it has one.
    class Ending {
      public:
        explicit Ending(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
        ~Ending() {
            const boost::system::system_error aborted(asio::error::operation_aborted);
            if (shared_) tell(Outcome(std::in_place_index<0>, std::make_exception_ptr(aborted)));
        }
        Ending(Ending&&) noexcept = default;
        Ending& operator=(Ending&&) = delete;

        void tell(Outcome outcome) {
            const std::shared_ptr<Shared> shared = std::exchange(shared_, nullptr);
            shared->outcome = std::move(outcome);
            if (shared->waiting) shared->waiting->with();
        }

      private:
        std::shared_ptr<Shared> shared_;
    };

    static Task<> fill(Task<T> task, Ending ending) {
        std::optional<Outcome> outcome;
        try {
            T value = co_await std::move(task);
            outcome.emplace(std::in_place_index<1>, std::move(value));
        } catch (...) {
            outcome.emplace(std::in_place_index<0>, std::current_exception());
        }
        ending.tell(*std::move(outcome));
    }

    std::shared_ptr<Shared> shared_;  // shared by the starter and the task
};

}  // namespace mxcd::async
