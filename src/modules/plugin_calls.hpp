#pragma once

#include "mxcd/matrix/error.hpp"
#include "mxcd/matrix/json.hpp"

#include "callback_json.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

namespace mxcd::modules {

/// The answer's value, in the form that callbacks have in JSON.
struct PluginResult {
    matrix::Json value;
};
/// An error of the plugin's own: {status, errcode, error}, each of which may be missing.
struct PluginRefusal {
    matrix::Json error;
};
struct PluginFailure {
    std::string reason;
};

using PluginAnswer = std::variant<PluginResult, PluginRefusal, PluginFailure>;

/// Whoever waits for the answer of one call.
class PluginCaller {
  public:
    virtual ~PluginCaller() = default;
    /// Called once, on whatever thread the plugin answers.
    virtual void take(PluginAnswer answer) = 0;
};

/// The calls that a plugin has not answered yet, by number. Numbers are not used again, so an answer to a
/// call that is over finds nobody. Thread-safe.
class PluginCalls {
  public:
    using Moment = std::chrono::steady_clock::time_point;

    /// `caller` is shared with an answer that comes while the call is forgotten.
    [[nodiscard]] std::uint64_t open(std::shared_ptr<PluginCaller> caller, Moment deadline);
    /// False when nobody waits any more, after the deadline for instance.
    bool answer(std::uint64_t call, PluginAnswer answer);
    /// Nobody waits for this one any more.
    void forget(std::uint64_t call);
    /// Those whose deadline has passed.
    void forget_late(Moment now);
    /// Nothing when the call is over.
    [[nodiscard]] std::optional<Moment> deadline(std::uint64_t call) const;
    [[nodiscard]] bool empty() const;

  private:
    struct Open {
        std::shared_ptr<PluginCaller> caller;
        Moment deadline;
    };

    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, Open> open_;
    std::uint64_t next_ = 1;
};

}  // namespace mxcd::modules
