#pragma once

#include <atomic>
#include <string_view>

namespace mxcd::metadata {

/// Whether it is known what the disk holds. After a flush that failed it is not: a second flush of the same
/// pages would succeed without having written them, so nothing is written any more until a restart, which
/// writes the log to the disk again: rewrite_log(). Thread-safe.
class Soundness {
  public:
    [[nodiscard]] bool is_sound() const { return !has_failed_flush_; }
    /// Throws base::StorageError when it is not.
    void require() const;
    void note_failed_flush(std::string_view reason);
    /// The same, when this result of SQLite's is a failed flush.
    void note_result(int sqlite_result);

  private:
    std::atomic<bool> has_failed_flush_ = false;
};

}  // namespace mxcd::metadata
