#pragma once

#include "mxcd/base/errors.hpp"

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mxcd::metadata {

/// A failure of SQLite's with its extended result code; the text is for the log. `code` decides what opening
/// says.
struct SqliteError : base::StorageError {
    SqliteError(int result, const std::string& text) : base::StorageError(text), code(result) {}
    int code;
};

/// Throws what a failed call means: base::StorageFull when there is no room, SqliteError otherwise.
[[noreturn]] void throw_sqlite_error(sqlite3* connection, int result);

/// One connection, used by one thread only.
class Connection {
  public:
    /// `vfs` names SQLite's file layer; its default without.
    Connection(const std::filesystem::path& path, int flags, const char* vfs = nullptr);

    /// Runs statements that return nothing and have no parameters.
    void execute(const char* sql);
    /// Runs a pragma (or another query) and gives its first value as text; empty when there is none.
    std::string ask(const char* sql);
    [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
    [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
    /// The file behind the symbolic links; its write-ahead log lies beside it.
    [[nodiscard]] std::filesystem::path file() const;
    [[nodiscard]] std::filesystem::path log() const;

  private:
    struct Close {
        void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

/// A statement, prepared once. Its parameters are written $1, $2, ...; it is run through Query.
class Statement {
  public:
    Statement(Connection& connection, const char* sql);

  private:
    friend class Query;
    static constexpr int max_parameters = 12;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    std::array<int, max_parameters + 1> position_{};  // SQLite numbers $n by appearance, we by n
};

/// One run of a statement: bind, step, read. The destructor resets the statement and forgets what was bound,
/// so bound text must live as long as the query, and text that was read must be copied before the next step.
class Query {
  public:
    explicit Query(Statement& statement) : statement_(statement) {}
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    Query& bind(int parameter, std::int64_t value);
    Query& bind(int parameter, std::string_view text);
    Query& bind(int parameter, const std::optional<std::string>& text);
    Query& bind(int parameter, const std::optional<std::int64_t>& value);
    Query& bind(int parameter, std::span<const std::byte> bytes);

    /// Moves to the next row; false when there is none.
    bool next();
    /// For statements that return no rows.
    void run();

    /// Values of the current row; a value of another type than asked for throws base::StorageError.
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::string blob(int column) const;

  private:
    void require(int result) const;
    [[nodiscard]] int position(int parameter) const;
    void require_type(int column, int type) const;
    [[nodiscard]] sqlite3_stmt* handle() const { return statement_.handle_.get(); }

    Statement& statement_;
};

}  // namespace mxcd::metadata
