#include "migrations.hpp"

#include "mxcd/base/log.hpp"
#include "mxcd/base/text.hpp"
#include "mxcd/metadata/database.hpp"

#include <string>

namespace mxcd::metadata {

namespace {

constexpr base::Logger logger("metadata");

// "mxcd" as a number: tells our databases from others'.
constexpr std::int64_t application_id = 0x6d786364;

std::int64_t ask_number(Connection& connection, const char* sql) {
    const std::string answer = connection.ask(sql);
    const std::optional<std::int64_t> number = base::parse_decimal(answer);
    if (!number) throw OpenError(OpenError::Reason::damaged, "the database's header makes no sense");
    return *number;
}

void require_our_database(Connection& connection) {
    if (ask_number(connection, "PRAGMA application_id") == application_id) return;
    if (ask_number(connection, "SELECT COUNT(*) FROM sqlite_master") != 0)
        throw OpenError(OpenError::Reason::other, "the file is a database of another program");
    connection.execute(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
}

void apply(Connection& connection, std::size_t version, const char* sql) {
    connection.execute("BEGIN IMMEDIATE");
    try {
        connection.execute(sql);
        connection.execute(("PRAGMA user_version = " + std::to_string(version)).c_str());
        connection.execute("COMMIT");
    } catch (...) {
        if (connection.in_transaction()) connection.execute("ROLLBACK");
        throw;
    }
    logger.info("database schema migrated", {{"version", static_cast<std::int64_t>(version)}});
}

}  // namespace

void migrate(Connection& connection, std::span<const char* const> migrations) {
    require_our_database(connection);
    const std::int64_t version = ask_number(connection, "PRAGMA user_version");
    if (version > static_cast<std::int64_t>(migrations.size()))
        throw OpenError(OpenError::Reason::newer_schema, "the database was written by a newer mxcd (schema " +
                                                             std::to_string(version) + ", this one knows " +
                                                             std::to_string(migrations.size()) + ")");
    for (auto next = static_cast<std::size_t>(version); next < migrations.size(); ++next)
        apply(connection, next + 1, migrations[next]);
}

}  // namespace mxcd::metadata
