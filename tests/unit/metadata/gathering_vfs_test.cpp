#include "metadata/gathering_vfs.hpp"

#include "metadata/sqlite.hpp"
#include "support/catch.hpp"
#include "support/temp_folder.hpp"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>

namespace mxcd::metadata {

namespace {

constexpr int open_flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

Connection open_gathering(const std::filesystem::path& path) {
    Connection connection(path, open_flags, gathering_vfs());
    connection.execute(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE IF NOT EXISTS bodies (body BLOB)");
    return connection;
}

void insert(Connection& connection, int rows) {
    const std::string sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                            std::to_string(rows) + ") INSERT INTO bodies SELECT zeroblob(5000) FROM n";
    connection.execute(sql.c_str());
}

/// No file may grow beyond `bytes` while it lives, as on a full disk.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        previous_handler_ = std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &previous_);
        const rlimit limit{bytes, previous_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &previous_);
        std::signal(SIGXFSZ, previous_handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit previous_{};
    void (*previous_handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("what a transaction has committed is in the files, whoever reads them") {
    const test::TempFolder folder;
    Connection connection = open_gathering(folder.path() / "a.db");
    insert(connection, 300);  // more than is gathered at once

    // As after a crash: the files as they are, without a close or a checkpoint.
    std::filesystem::copy_file(folder.path() / "a.db", folder.path() / "b.db");
    std::filesystem::copy_file(folder.path() / "a.db-wal", folder.path() / "b.db-wal");
    Connection copy(folder.path() / "b.db", SQLITE_OPEN_READWRITE);
    CHECK(copy.ask("SELECT COUNT(*) FROM bodies") == "300");
    CHECK(copy.ask("PRAGMA integrity_check") == "ok");
}

TEST_CASE("a checkpoint through gathered writes leaves a sound database") {
    const test::TempFolder folder;
    {
        Connection connection = open_gathering(folder.path() / "a.db");
        insert(connection, 300);
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        insert(connection, 30);
        connection.execute("DELETE FROM bodies WHERE rowid % 7 = 0; PRAGMA wal_checkpoint(TRUNCATE)");
        CHECK(connection.ask("SELECT COUNT(*) FROM bodies") == "283");
    }
    Connection plain(folder.path() / "a.db", SQLITE_OPEN_READWRITE);
    CHECK(plain.ask("SELECT COUNT(*) FROM bodies") == "283");
    CHECK(plain.ask("PRAGMA integrity_check") == "ok");
}

TEST_CASE("a transaction whose gathered writes fail is not committed, and the next one is") {
    const test::TempFolder folder;
    Connection connection = open_gathering(folder.path() / "a.db");
    insert(connection, 1);
    {
        const FileSizeLimit full(64 * 1024);
        CHECK_THROWS_AS(insert(connection, 40), base::StorageError);
    }
    CHECK(connection.ask("SELECT COUNT(*) FROM bodies") == "1");
    insert(connection, 40);
    CHECK(connection.ask("SELECT COUNT(*) FROM bodies") == "41");
    CHECK(connection.ask("PRAGMA integrity_check") == "ok");
}

}  // namespace mxcd::metadata
