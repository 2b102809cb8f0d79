#include "change_log.hpp"

#include <algorithm>

namespace mxcd::metadata {

void ChangeLog::add(const matrix::MediaId& id) {
    latest_.push_back(id);
    if (latest_.size() > most_) latest_.pop_front();
    ++newest_;
}

std::optional<std::vector<matrix::MediaId>> ChangeLog::after(std::int64_t seen, std::size_t limit) const {
    const std::int64_t missing = newest_ - seen;
    if (missing < 0 || missing > std::ssize(latest_)) return std::nullopt;
    const auto begin = latest_.end() - missing;
    return std::vector(begin, begin + std::min(missing, static_cast<std::int64_t>(limit)));
}

}  // namespace mxcd::metadata
