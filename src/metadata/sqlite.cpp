#include "sqlite.hpp"

#include <cassert>

namespace mxcd::metadata {

namespace {

sqlite3* open_handle(const std::filesystem::path& path, int flags, const char* vfs, int& result) {
    sqlite3* handle = nullptr;
    result = sqlite3_open_v2(path.c_str(), &handle, flags, vfs);
    return handle;
}

}  // namespace

void throw_sqlite_error(sqlite3* connection, int result) {
    const int code = connection != nullptr ? sqlite3_extended_errcode(connection) : result;
    const std::string text =
        "SQLite: " +
        std::string(connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(result)) + " (" +
        std::to_string(code) + ")";
    if ((result & 0xff) == SQLITE_FULL) throw base::StorageFull(text);
    throw SqliteError(code, text);
}

Connection::Connection(const std::filesystem::path& path, int flags, const char* vfs) {
    int result = SQLITE_OK;
    handle_.reset(open_handle(path, flags, vfs, result));
    if (result != SQLITE_OK) throw_sqlite_error(handle_.get(), result);
    sqlite3_extended_result_codes(handle_.get(), 1);
}

void Connection::execute(const char* sql) {
    const int result = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) throw_sqlite_error(handle_.get(), result);
}

std::string Connection::ask(const char* sql) {
    std::string answer;
    const auto keep_first = [](void* kept, int columns, char** values, char**) {
        std::string& text = *static_cast<std::string*>(kept);
        if (text.empty() && columns > 0 && values[0] != nullptr) text = values[0];
        return 0;
    };
    const int result = sqlite3_exec(handle_.get(), sql, keep_first, &answer, nullptr);
    if (result != SQLITE_OK) throw_sqlite_error(handle_.get(), result);
    return answer;
}

std::filesystem::path Connection::file() const { return sqlite3_db_filename(handle_.get(), "main"); }

std::filesystem::path Connection::log() const {
    return sqlite3_filename_wal(sqlite3_db_filename(handle_.get(), "main"));
}

Statement::Statement(Connection& connection, const char* sql) {
    sqlite3_stmt* handle = nullptr;
    const int result =
        sqlite3_prepare_v3(connection.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    handle_.reset(handle);
    if (result != SQLITE_OK) throw_sqlite_error(connection.handle(), result);
    for (int n = 1; n <= max_parameters; ++n)
        position_.at(static_cast<std::size_t>(n)) =
            sqlite3_bind_parameter_index(handle, ("$" + std::to_string(n)).c_str());
}

Query::~Query() {
    sqlite3_reset(handle());
    sqlite3_clear_bindings(handle());
}

Query& Query::bind(int parameter, std::int64_t value) {
    require(sqlite3_bind_int64(handle(), position(parameter), value));
    return *this;
}

Query& Query::bind(int parameter, std::string_view text) {
    require(sqlite3_bind_text64(handle(), position(parameter), text.data() != nullptr ? text.data() : "",
                                text.size(), SQLITE_STATIC, SQLITE_UTF8));
    return *this;
}

Query& Query::bind(int parameter, const std::optional<std::string>& text) {
    if (text) return bind(parameter, std::string_view(*text));
    require(sqlite3_bind_null(handle(), position(parameter)));
    return *this;
}

Query& Query::bind(int parameter, const std::optional<std::int64_t>& value) {
    if (value) return bind(parameter, *value);
    require(sqlite3_bind_null(handle(), position(parameter)));
    return *this;
}

Query& Query::bind(int parameter, std::span<const std::byte> bytes) {
    const void* data =
        bytes.empty() ? static_cast<const void*>("") : bytes.data();  // a null pointer would bind NULL
    require(sqlite3_bind_blob64(handle(), position(parameter), data, bytes.size(), SQLITE_STATIC));
    return *this;
}

bool Query::next() {
    const int result = sqlite3_step(handle());
    if (result == SQLITE_ROW) return true;
    if (result != SQLITE_DONE) throw_sqlite_error(sqlite3_db_handle(handle()), result);
    return false;
}

void Query::run() {
    if (next()) throw base::StorageError("a statement returned a row that nobody asked for");
}

bool Query::is_null(int column) const { return sqlite3_column_type(handle(), column) == SQLITE_NULL; }

std::int64_t Query::integer(int column) const {
    require_type(column, SQLITE_INTEGER);
    return sqlite3_column_int64(handle(), column);
}

std::string Query::text(int column) const {
    require_type(column, SQLITE_TEXT);
    const unsigned char* text = sqlite3_column_text(handle(), column);
    if (text == nullptr) throw base::StorageError("no memory for a row");
    return {reinterpret_cast<const char*>(text),
            static_cast<std::size_t>(sqlite3_column_bytes(handle(), column))};
}

std::string Query::blob(int column) const {
    require_type(column, SQLITE_BLOB);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle(), column));
    if (size == 0) return {};
    return {static_cast<const char*>(sqlite3_column_blob(handle(), column)), size};
}

void Query::require(int result) const {
    if (result != SQLITE_OK) throw_sqlite_error(sqlite3_db_handle(handle()), result);
}

int Query::position(int parameter) const {
    assert(parameter > 0 && parameter <= Statement::max_parameters);
    return statement_.position_[static_cast<std::size_t>(parameter)];
}

// SQLite's types belong to values, not to columns, and its conversions are silent.
void Query::require_type(int column, int type) const {
    if (sqlite3_column_type(handle(), column) != type)
        throw base::StorageError("a row holds a value of the wrong type");
}

}  // namespace mxcd::metadata
