#include "soundness.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include <sqlite3.h>

namespace mxcd::metadata {

namespace {

constexpr base::Logger logger("metadata");

}  // namespace

void Soundness::require() const {
    if (!is_sound())
        throw base::StorageError("a flush to the disk has failed; nothing is written until a restart");
}

void Soundness::note_failed_flush(std::string_view reason) {
    if (has_failed_flush_.exchange(true)) return;
    logger.error("a flush to the disk failed; the database takes no more writes until a restart",
                 {{"reason", reason}});
}

void Soundness::note_result(int sqlite_result) {
    if (sqlite_result == SQLITE_IOERR_FSYNC || sqlite_result == SQLITE_IOERR_DIR_FSYNC)
        note_failed_flush(sqlite3_errstr(sqlite_result));
}

}  // namespace mxcd::metadata
