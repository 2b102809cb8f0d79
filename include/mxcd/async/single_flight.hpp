#pragma once

#include "mxcd/async/suspend.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mxcd::async {

/// At most one piece of work per key at a time: whoever asks while it runs gets the same result, or the same
/// exception. The work runs in `background`, so it does not end with the caller who happened to come first;
/// when `background` is cancelled, everybody gets operation_aborted. Callers are as many as there are
/// requests; they wait as long as the work takes, so the work must have a limit of its own. Any thread may
/// call. `background` must be empty before this object goes. T is copied to everybody.
template <class Key, class T, class Hash = std::hash<Key>>
class SingleFlight {
  public:
    explicit SingleFlight(TaskGroup& background) : background_(background) {}
    SingleFlight(const SingleFlight&) = delete;
    SingleFlight& operator=(const SingleFlight&) = delete;

    /// The result of the work for `key`; `make_work()` gives the Task<T> if none is running, and is called
    /// before the caller is suspended. The work must own what it uses, apart from what outlives `background`.
    template <class MakeWork>
    Task<T> run(Key key, MakeWork make_work) {
        const Executor home = co_await asio::this_coro::executor;
        auto start = [this, &home, &key, &make_work](const Resume<T>& passenger) {
            if (board(key, &passenger)) take_off(home, key, make_work());
        };
        T result = co_await suspend<T>(std::move(start));
        co_return result;
    }

    /// The result of the work for `key` that is running; T() at once when there is none.
    Task<T> join(Key key) {
        auto start = [this, &key](const Resume<T>& passenger) {
            if (!follow(key, passenger)) passenger.with(T());
        };
        T result = co_await suspend<T>(std::move(start));
        co_return result;
    }

    /// Starts the work on `home` if none is running for `key`, and waits for nothing.
    template <class MakeWork>
    void begin(const Executor& home, const Key& key, MakeWork make_work) {
        if (board(key, nullptr)) take_off(home, key, make_work());
    }

  private:
    using Passengers = std::vector<Resume<T>>;

    /// Ends a flight exactly once, also when its work is destroyed without having run.
    class Landing {
      public:
        Landing(SingleFlight& flights, Key key) : flights_(&flights), key_(std::move(key)) {}
        Landing(Landing&& other) noexcept
            : flights_(std::exchange(other.flights_, nullptr)), key_(std::move(other.key_)) {}
        Landing& operator=(Landing&&) = delete;
        ~Landing() {
            if (flights_ == nullptr) return;
            const boost::system::system_error aborted(asio::error::operation_aborted);
            land_with_error(std::make_exception_ptr(aborted));
        }

        void land(const T& result) {
            for (const Resume<T>& passenger : arrive()) passenger.with(result);
        }
        void land_with_error(const std::exception_ptr& failure) {
            for (const Resume<T>& passenger : arrive()) passenger.with_error(failure);
        }

      private:
        Passengers arrive() { return std::exchange(flights_, nullptr)->disembark(key_); }

        SingleFlight* flights_;
        Key key_;
    };

    /// True for the first on board, who has to take off.
    [[nodiscard]] bool board(const Key& key, const Resume<T>* passenger) {
        const std::lock_guard lock(mutex_);
        const auto [flight, is_first] = in_the_air_.try_emplace(key);
        if (passenger != nullptr) flight->second.push_back(*passenger);
        return is_first;
    }

    /// False when nothing is in the air.
    [[nodiscard]] bool follow(const Key& key, const Resume<T>& passenger) {
        const std::lock_guard lock(mutex_);
        const auto flight = in_the_air_.find(key);
        if (flight == in_the_air_.end()) return false;
        flight->second.push_back(passenger);
        return true;
    }

    void take_off(const Executor& home, const Key& key, Task<T> work) {
        background_.spawn(home, fly(Landing(*this, key), std::move(work)));
    }

    [[nodiscard]] Passengers disembark(const Key& key) {
        const std::lock_guard lock(mutex_);
        auto flight = in_the_air_.extract(key);
        return std::move(flight.mapped());
    }

    static Task<> fly(Landing landing, Task<T> work) {
        std::optional<T> result;
        std::exception_ptr failure;
        try {
            T value = co_await std::move(work);
            result.emplace(std::move(value));
        } catch (...) {
            failure = std::current_exception();
        }
        if (result) {
            landing.land(*result);
        } else {
            landing.land_with_error(failure);
        }
    }

    TaskGroup& background_;
    std::mutex mutex_;
    std::unordered_map<Key, Passengers, Hash> in_the_air_;
};

}  // namespace mxcd::async
