#pragma once

#include "sqlite.hpp"

#include <span>

namespace mxcd::metadata {

/// The text of migrations/*.sql in their order, compiled in (cmake/embed.cmake).
[[nodiscard]] std::span<const char* const> embedded_migrations();

/// Brings the database to the newest schema, each step in a transaction of its own. Throws OpenError
/// (newer_schema, or other when it is somebody else's database) and SqliteError.
void migrate(Connection& connection, std::span<const char* const> migrations);

}  // namespace mxcd::metadata
