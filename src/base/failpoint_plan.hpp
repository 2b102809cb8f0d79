#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mxcd::base {

/// What shall happen at which failpoint. Reading and hitting it is thread-safe.
class FailpointPlan {
  public:
    /// `name=action[:N]`, separated by `;`; nothing when the text is not of that form.
    [[nodiscard]] static std::optional<FailpointPlan> parse(std::string_view text);

    /// Counts the hit and does what is planned for it.
    void reach(std::string_view name);

  private:
    enum class Action : std::uint8_t { kill, error, full, delay };
    struct Point {
        Action action = Action::error;
        std::int64_t waits_for = 0;  // 0: every hit
        std::atomic<std::int64_t> hits = 0;
    };

    [[nodiscard]] static std::optional<Action> parse_action(std::string_view text);
    static void perform(Action action, std::string_view name);
    bool add(std::string_view entry);

    std::map<std::string, Point, std::less<>> points_;
};

}  // namespace mxcd::base
