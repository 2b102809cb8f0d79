#pragma once

#include "limit_link.hpp"
#include "limit_phrases.hpp"

#include <string>
#include <vector>

namespace mxcd::api {

/// "1.5 MiB", "300 B": one decimal where there is one, rounded down.
[[nodiscard]] std::string readable_size(base::ByteCount size, const LimitPhrases& phrases);

/// A configured period in the largest unit that divides it: "1 week", "36 hours".
[[nodiscard]] std::string readable_period(std::chrono::milliseconds period, const LimitPhrases& phrases);

/// A wait, rounded up so that nobody comes too early: "3 minutes", "5 hours", "2 days".
[[nodiscard]] std::string readable_wait(std::chrono::milliseconds wait, const LimitPhrases& phrases);

/// "2026-11-23 14:05 UTC", rounded up to the minute; the year is 9999 at most.
[[nodiscard]] std::string readable_time(base::TimePoint time);

/// What the page says about one refusal, a sentence or two per paragraph; plain text.
[[nodiscard]] std::vector<std::string> limit_text(const LimitFacts& facts, base::TimePoint now,
                                                  const LimitPhrases& phrases);

}  // namespace mxcd::api
