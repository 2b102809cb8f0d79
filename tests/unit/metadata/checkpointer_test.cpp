#include "metadata/checkpointer.hpp"

#include "metadata/gathering_vfs.hpp"
#include "support/blob_bodies.hpp"
#include "support/catch.hpp"
#include "unit/metadata/scene.hpp"
#include "unit/metadata/watched_files.hpp"

#include <fstream>

namespace mxcd::metadata::test {

using mxcd::test::becomes_true;

namespace {

/// A database with a table that it takes for the store's.
class Place {
  public:
    Place() {
        writer.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
            "CREATE TABLE settings (name TEXT)");
    }
    void write(const std::string& text) {
        writer.execute(("INSERT INTO settings VALUES ('" + text + "')").c_str());
    }
    /// Whether it is in the database's own file.
    [[nodiscard]] bool is_moved(const std::string& text) const {
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {}).find(text) != std::string::npos;
    }

    const TempFolder folder;
    const std::filesystem::path path = folder.path() / "mxcd.db";
    Connection writer{path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                      gathering_vfs()};
    Soundness soundness;
};

}  // namespace

TEST_CASE("a log that starts anew while the database is flushed is moved too") {
    Place place;
    Checkpointer checkpointer(place.writer, place.soundness);
    place.write(std::string(100'000, 'x'));
    const int before = watched_databases().flushes();
    watched_databases().hold_flushes_from(before + 2);
    checkpointer.move_all();
    // The first one is the checkpoint's own.
    REQUIRE(watched_databases().wait_for_flushes(before + 2));
    place.write("in the new log");
    watched_databases().work_again();
    CHECK(becomes_true([&] {
        checkpointer.move_all();
        return place.is_moved("in the new log");
    }));
}

}  // namespace mxcd::metadata::test
