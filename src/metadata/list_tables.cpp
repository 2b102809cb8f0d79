#include "list_tables.hpp"

#include "columns.hpp"
#include "listed_media.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace mxcd::metadata {

namespace {

/// After this long a piece ends, because everybody else waits: rows with long bodies take some reading.
constexpr std::chrono::milliseconds longest_read{2};

constexpr std::size_t most_changes = 100;

constexpr const char* select_user_sql = "SELECT user_key FROM users WHERE user_id = $1";

// Row numbers grow with time, and so does a user's `created_at`: both name the order of writing, the pair in
// the order of the index of a user's media. A number is given out again only after a deletion, of which
// readers hear.
const std::string select_owners_sql =
    std::string("SELECT ") + listed_columns +
    ", media.rowid FROM media WHERE user_key = $1 AND created_at >= $2 AND (created_at > $2 OR rowid > $3) "
    "ORDER BY created_at, rowid LIMIT $4";

// CROSS JOIN: the media first, in the order of their rows.
const std::string select_everybodys_sql =
    std::string("SELECT ") + listed_columns +
    ", media.rowid, users.user_id FROM media CROSS JOIN users ON users.user_key = media.user_key "
    "WHERE media.rowid > $1 ORDER BY media.rowid LIMIT $2";

constexpr int row_number_column = listed_column_count;
constexpr int owner_column = listed_column_count + 1;

/// What `row` gives, until it has given as much as was asked for or has taken too long.
media::ListPiece take_piece(Query& row, std::int64_t limit,
                            const std::function<media::ListedMedia(const Query&)>& listed) {
    const auto end = std::chrono::steady_clock::now() + longest_read;
    media::ListPiece piece;
    while (row.next()) {
        piece.media.push_back(listed(row));
        piece.is_last = false;
        if (std::chrono::steady_clock::now() > end) return piece;
    }
    piece.is_last = std::ssize(piece.media) < limit;
    return piece;
}

}  // namespace

ListTables::ListTables(Connection& connection, MediaTables& media, const ChangeLog& changes)
    : media_(media),
      changes_(changes),
      select_user_(connection, select_user_sql),
      select_owners_(connection, select_owners_sql.c_str()),
      select_everybodys_(connection, select_everybodys_sql.c_str()) {}

media::ListPiece ListTables::read(const media::ListRequest& request) {
    media::ListPiece piece = request.owner ? read_owners(request) : read_everybodys(request);
    piece.changes = changes_.newest();
    if (request.changes_seen) add_changes(piece, *request.changes_seen);
    return piece;
}

void ListTables::add_changes(media::ListPiece& piece, std::int64_t seen) {
    const std::optional<std::vector<matrix::MediaId>> ids = changes_.after(seen, most_changes);
    if (!ids) {
        piece.is_torn = true;
        return;
    }
    for (const matrix::MediaId& id : *ids) {
        std::optional<media::MediaRecord> record = media_.find(id);
        if (record) record->inline_body.reset();
        piece.changed.push_back({id, std::move(record)});
    }
    piece.changes = seen + std::ssize(*ids);
    piece.is_last = piece.is_last && piece.changes == changes_.newest();
}

media::ListPiece ListTables::read_owners(const media::ListRequest& request) {
    std::int64_t user_key = 0;
    {
        Query user(select_user_);
        user.bind(1, std::string_view(request.owner->text()));
        if (!user.next()) return {};
        user_key = user.integer(0);
    }
    Query row(select_owners_);
    row.bind(1, user_key).bind(2, request.after.major).bind(3, request.after.minor).bind(4, request.limit);
    return take_piece(row, request.limit, [&request](const Query& each) {
        media::MediaRecord record = listed_record(each, *request.owner);
        const media::ListPosition position{milliseconds_of(record.created_at),
                                           each.integer(row_number_column)};
        return media::ListedMedia{std::move(record), position};
    });
}

media::ListPiece ListTables::read_everybodys(const media::ListRequest& request) {
    Query row(select_everybodys_);
    row.bind(1, request.after.minor).bind(2, request.limit);
    return take_piece(row, request.limit, [](const Query& each) {
        return media::ListedMedia{listed_record(each, user_id(each.text(owner_column))),
                                  {0, each.integer(row_number_column)}};
    });
}

}  // namespace mxcd::metadata
