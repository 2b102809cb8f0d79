#include "mxcd/base/failpoint.hpp"

#ifdef MXCD_FAILPOINTS

#include "mxcd/base/errors.hpp"
#include "mxcd/base/text.hpp"

#include "failpoint_plan.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

namespace mxcd::base {

namespace {

FailpointPlan plan_of_environment() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
    const char* const text = std::getenv("MXCD_FAILPOINTS");
    std::optional<FailpointPlan> plan = FailpointPlan::parse(text == nullptr ? "" : text);
    if (plan) return *std::move(plan);
    // A test whose failpoint is mistyped would pass without testing anything.
    constexpr std::string_view complaint = "MXCD_FAILPOINTS cannot be read\n";
    static_cast<void>(::write(STDERR_FILENO, complaint.data(), complaint.size()));
    std::abort();
}

}  // namespace

std::optional<FailpointPlan> FailpointPlan::parse(std::string_view text) {
    FailpointPlan plan;
    while (!text.empty()) {
        const std::size_t end = text.find(';');
        const std::string_view entry = text.substr(0, end);
        if (!entry.empty() && !plan.add(entry)) return std::nullopt;
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return std::make_optional(std::move(plan));
}

bool FailpointPlan::add(std::string_view entry) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    std::string_view action = entry.substr(equals + 1);
    Point& point = points_[std::string(entry.substr(0, equals))];
    if (const std::size_t colon = action.find(':'); colon != std::string_view::npos) {
        const std::optional<std::int64_t> hit = parse_decimal(action.substr(colon + 1));
        if (!hit || *hit == 0) return false;
        point.waits_for = *hit;
        action = action.substr(0, colon);
    }
    const std::optional<Action> known = parse_action(action);
    if (known) point.action = *known;
    return known.has_value();
}

std::optional<FailpointPlan::Action> FailpointPlan::parse_action(std::string_view text) {
    if (text == "kill") return Action::kill;
    if (text == "error") return Action::error;
    if (text == "full") return Action::full;
    if (text == "delay") return Action::delay;
    return std::nullopt;
}

void FailpointPlan::reach(std::string_view name) {
    const auto found = points_.find(name);
    if (found == points_.end()) return;
    Point& point = found->second;
    const std::int64_t hit = ++point.hits;
    if (point.waits_for == 0 || point.waits_for == hit) perform(point.action, name);
}

void FailpointPlan::perform(Action action, std::string_view name) {
    const std::string reason = "failpoint " + std::string(name);
    switch (action) {
        case Action::kill:
            static_cast<void>(::kill(::getpid(), SIGKILL));
            break;
        case Action::error:
            throw StorageError(reason);
        case Action::full:
            throw StorageFull(reason);
        case Action::delay:
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            break;
    }
}

void reach_failpoint(const char* name) {
    static FailpointPlan plan = plan_of_environment();
    plan.reach(name);
}

}  // namespace mxcd::base

#endif
