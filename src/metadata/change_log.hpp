#pragma once

#include "mxcd/matrix/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace mxcd::metadata {

/// Which media has changed since the store was opened, after it was recorded: the latest of it. That a change
/// is in here does not mean that its transaction was committed.
class ChangeLog {
  public:
    explicit ChangeLog(std::size_t most = 1'000) : most_(most) {}

    void add(const matrix::MediaId& id);
    /// How many there were.
    [[nodiscard]] std::int64_t newest() const { return newest_; }
    /// Those behind the first `seen`, at most `limit`; nothing when not all of them are known any more.
    [[nodiscard]] std::optional<std::vector<matrix::MediaId>> after(std::int64_t seen,
                                                                    std::size_t limit) const;

  private:
    const std::size_t most_;
    std::deque<matrix::MediaId> latest_;
    std::int64_t newest_ = 0;
};

}  // namespace mxcd::metadata
