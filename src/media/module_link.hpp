#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/async/timeout.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/matrix/error.hpp"
#include "mxcd/media/module_chain.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace mxcd::media {

/// What a module can be asked or told.
enum class Callback : std::uint8_t {
    media_config,
    is_upload_allowed,
    upload_limits,
    storage_quotas,
    check_file,
    limit_exceeded,
    media_uploaded,
    media_deleted,
};
inline constexpr std::size_t callback_count = 8;

/// The name that log and metrics use: the contract's, where it has one.
[[nodiscard]] std::string_view name_of(Callback callback);

/// One module of the chain and what watches over its calls: the deadline, a bound on how many run at once,
/// metrics and log. Thread-safe.
class ModuleLink : public std::enable_shared_from_this<ModuleLink> {
  public:
    ModuleLink(ChainEntry entry, base::Metrics& metrics);

    [[nodiscard]] const std::string& name() const { return entry_.name; }
    [[nodiscard]] MediaModule& module() const { return *entry_.module; }
    [[nodiscard]] OnError on_error() const { return entry_.on_error; }
    [[nodiscard]] bool last_call_failed() const { return last_call_failed_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool is_degraded() const { return last_call_failed() || entry_.module->is_down(); }

    /// Makes the call that `begin` begins and gives its answer; nothing when the module failed or was late,
    /// which is logged and counted. Throws the module's own matrix::Error, and operation_aborted.
    template <class Begin>
    auto ask(async::TaskGroup& background, Callback callback, Begin begin)
        -> async::Task<std::optional<typename std::invoke_result_t<Begin&>::value_type>>;

    /// Logs and counts a failure of the module.
    void failed(Callback callback, std::string_view reason);

  private:
    using Moment = std::chrono::steady_clock::time_point;
    struct Instruments {
        base::Histogram* duration = nullptr;
        base::Counter* failures = nullptr;
    };

    /// Calls of one module that run at once, those past their deadline included: a module that hangs must not
    /// collect more and more of them.
    static constexpr int most_calls = 1024;
    class Seat {
      public:
        explicit Seat(ModuleLink& link);
        ~Seat();
        Seat(Seat&& other) noexcept : link_(std::exchange(other.link_, nullptr)) {}
        Seat& operator=(Seat&&) = delete;

      private:
        ModuleLink* link_;
    };

    /// A call that keeps its module alive, because it may go on after its deadline, and after the chain.
    template <class Answer>
    static async::Task<Answer> owning_call(std::shared_ptr<ModuleLink>, Seat, async::Task<Answer> call) {
        Answer answer = co_await std::move(call);
        co_return std::move(answer);
    }

    [[nodiscard]] bool answers_at_once(Callback callback) const {
        return answers_at_once_ && callback != Callback::check_file;
    }
    void answered();
    void observe(Callback callback, Moment begun);
    void failed(Callback callback, const std::exception_ptr& failure);

    const ChainEntry entry_;
    const bool answers_at_once_;
    std::array<Instruments, callback_count> instruments_;
    std::atomic<int> calls_ = 0;
    std::atomic<bool> last_call_failed_ = false;
};

template <class Begin>
auto ModuleLink::ask(async::TaskGroup& background, Callback callback, Begin begin)
    -> async::Task<std::optional<typename std::invoke_result_t<Begin&>::value_type>> {
    using Answer = typename std::invoke_result_t<Begin&>::value_type;
    const Moment begun = std::chrono::steady_clock::now();
    std::optional<Answer> answer;
    try {
        if (answers_at_once(callback)) {
            Answer value = co_await begin();
            answer.emplace(std::move(value));
        } else {
            async::Task<Answer> call = owning_call<Answer>(shared_from_this(), Seat(*this), begin());
            Answer value = co_await async::with_deadline(background, std::move(call), entry_.timeout);
            answer.emplace(std::move(value));
        }
        answered();
    } catch (const matrix::Error&) {
        answered();
        observe(callback, begun);
        throw;
    } catch (...) {
        failed(callback, std::current_exception());
    }
    observe(callback, begun);
    co_return std::move(answer);
}

}  // namespace mxcd::media
