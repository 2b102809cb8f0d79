#pragma once

#include "mxcd/base/recent_map.hpp"
#include "mxcd/matrix/json.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace mxcd::modules {

/// Answers that are still fresh, by the question's text. Bounded; thread-safe.
class VerdictCache {
  public:
    using Moment = std::chrono::milliseconds;

    explicit VerdictCache(std::chrono::milliseconds time_to_live) : time_to_live_(time_to_live) {}

    [[nodiscard]] std::optional<matrix::Json> find(const std::string& question, Moment now) {
        const std::lock_guard lock(mutex_);
        const Known* const known = answers_.find(question);
        if (known == nullptr || now >= known->fresh_until) return std::nullopt;
        return known->answer;
    }

    void put(const std::string& question, matrix::Json answer, Moment now) {
        const std::lock_guard lock(mutex_);
        answers_.put(question, Known{std::move(answer), now + time_to_live_});
    }

  private:
    struct Known {
        matrix::Json answer;
        Moment fresh_until;
    };
    static constexpr std::size_t most_answers = 10'000;

    const std::chrono::milliseconds time_to_live_;
    std::mutex mutex_;
    base::RecentMap<std::string, Known, std::hash<std::string>> answers_{most_answers};
};

}  // namespace mxcd::modules
