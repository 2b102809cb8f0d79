#pragma once

#include "mxcd/media/pending_media.hpp"

#include "sqlite.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mxcd::metadata {

/// Rows about media IDs that wait for their content, synchronous: used by the database's thread only, inside
/// the caller's transaction.
class PendingTables {
  public:
    explicit PendingTables(Connection& connection);

    struct Entry {
        matrix::UserId user;
        base::TimePoint expires_at;
        bool is_ephemeral = false;
    };
    /// False, and nothing is written, when the user has `max_pending` that are good after `now` already.
    [[nodiscard]] bool insert(const media::CreateRequest& request, base::TimePoint now);
    /// Expired ones too, until they are swept.
    [[nodiscard]] std::optional<Entry> find(const matrix::MediaId& id);
    /// When the first of the user's that are good after `now` expires.
    [[nodiscard]] std::optional<base::TimePoint> first_expiry(const matrix::UserId& user,
                                                              base::TimePoint now);
    /// False when the user has no such ID.
    [[nodiscard]] bool erase(const matrix::MediaId& id, const matrix::UserId& user);
    /// At most `limit` of those that are not good after `now`, the oldest first.
    [[nodiscard]] std::vector<matrix::MediaId> expired(base::TimePoint now, std::int64_t limit);
    void sweep(const matrix::MediaId& id);

  private:
    Statement insert_;
    Statement select_;
    Statement select_first_expiry_;
    Statement delete_;
    Statement select_expired_;
    Statement delete_expired_;
};

}  // namespace mxcd::metadata
