#include "settings_table.hpp"

namespace mxcd::metadata {

namespace {

constexpr const char* select_sql = "SELECT value FROM settings WHERE name = $1";

constexpr const char* upsert_sql =
    "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = "
    "excluded.value";

}  // namespace

SettingsTable::SettingsTable(Connection& connection)
    : select_(connection, select_sql), upsert_(connection, upsert_sql) {}

std::optional<std::string> SettingsTable::find(const std::string& name) {
    Query query(select_);
    query.bind(1, std::string_view(name));
    if (!query.next()) return std::nullopt;
    return query.blob(0);
}

void SettingsTable::put(const std::string& name, const std::string& value) {
    Query(upsert_).bind(1, std::string_view(name)).bind(2, std::as_bytes(std::span(value))).run();
}

}  // namespace mxcd::metadata
