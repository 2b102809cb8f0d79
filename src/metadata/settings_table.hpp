#pragma once

#include "sqlite.hpp"

#include <optional>
#include <string>

namespace mxcd::metadata {

/// Named values that the service keeps for itself. Used by the database's thread only.
class SettingsTable {
  public:
    explicit SettingsTable(Connection& connection);

    [[nodiscard]] std::optional<std::string> find(const std::string& name);
    void put(const std::string& name, const std::string& value);

  private:
    Statement select_;
    Statement upsert_;
};

}  // namespace mxcd::metadata
